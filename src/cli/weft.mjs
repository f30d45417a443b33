#!/usr/bin/env node
// Starts the command line: bundles it first when a source is newer than dist/cli.js.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { buildCommandLine, newestChange, ROOT } from "./build.mjs";

const bundle = join(ROOT, "dist", "cli.js");
const newest = Math.max(...["src", "shaders", "kernels-bench"].map((folder) => newestChange(join(ROOT, folder))));
if (!existsSync(bundle) || statSync(bundle).mtimeMs < newest) await buildCommandLine();
await import("../../dist/cli.js");
