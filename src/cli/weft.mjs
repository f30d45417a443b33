#!/usr/bin/env node
// Starts the command line. In a checkout, which has build.mjs beside this file, it is bundled first if a source is
// newer than dist/cli.js; an installed package brings dist/cli.js.
import { existsSync } from "node:fs";

const builder = new URL("build.mjs", import.meta.url);
if (existsSync(builder)) {
  const { buildCommandLine, isStale } = await import(builder.href).catch((thrown) => {
    if (thrown.code !== "ERR_MODULE_NOT_FOUND") throw thrown;
    console.error(
      "weft: the npm package esbuild, which builds the program, is not installed; run npm ci first",
    );
    process.exit(1);
  });
  if (isStale("cli.js")) await buildCommandLine();
}
await import("../../dist/cli.js");
