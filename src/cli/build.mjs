// Bundles the sources with esbuild: `dist/weft.js`, the library (one ES module for Node and
// browsers), and `dist/cli.js`, the command line. Packages of node_modules stay outside in the CLI.
import { build } from "esbuild";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  format: "esm",
  target: "es2022",
  loader: { ".wgsl": "text", ".wesl": "text" },
  sourcemap: "linked",
  logLevel: "warning",
};

/** Bundles the command line into dist/cli.js. */
export function buildCommandLine() {
  return build({
    ...COMMON,
    entryPoints: ["src/cli/main.ts"],
    outfile: "dist/cli.js",
    platform: "node",
    packages: "external",
  });
}

/** Bundles the library into dist/weft.js, with nothing left outside but Node's own modules. */
export function buildLibrary() {
  return build({
    ...COMMON,
    entryPoints: ["src/index.ts"],
    outfile: "dist/weft.js",
    platform: "neutral",
    mainFields: ["module", "main"],
    external: ["node:*", "sharp", "webgpu"],
  });
}

/** The newest modification time, in milliseconds, of any file below the folder. */
export function newestChange(folder) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestChange(path) : statSync(path).mtimeMs);
  }
  return newest;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  await Promise.all([buildCommandLine(), buildLibrary()]);
}
