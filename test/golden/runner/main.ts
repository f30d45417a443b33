// The program that golden.mjs bundles and starts.

import { runProgram } from "../../../src/cli/program.ts";
import { goldenCommand } from "./command.ts";

await runProgram(goldenCommand);
