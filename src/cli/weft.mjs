#!/usr/bin/env node
// Starts the command line: bundles it first when a source is newer than dist/cli.js.
import { buildCommandLine, isStale } from "./build.mjs";

if (isStale("cli.js")) await buildCommandLine();
await import("../../dist/cli.js");
