#!/usr/bin/env node
// Starts the command line. In a checkout, which has build.mjs beside this file, it is bundled first if a source is
// newer than dist/cli.js; an installed package brings dist/cli.js.
import { existsSync } from "node:fs";

const builder = new URL("build.mjs", import.meta.url);
if (existsSync(builder)) {
  const { buildCommandLine, isStale } = await import(builder.href);
  if (isStale("cli.js")) await buildCommandLine();
}
await import("../../dist/cli.js");
