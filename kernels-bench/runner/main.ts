// The program that bench.mjs bundles and starts.

import { runProgram } from "../../src/cli/program.ts";
import { benchCommand } from "./command.ts";

await runProgram(benchCommand);
