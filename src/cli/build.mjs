// Bundles the sources with esbuild:
//   dist/weft.js         the library, one ES module for Node and browsers, nothing left outside;
//   dist/node.js         what the library needs of Node (adapter, files, images), beside weft.js;
//   dist/golden_page.js  the browser's side of `weft golden --browser`, beside weft.js;
//   dist/cli.js          the command line, packages of node_modules left outside.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  format: "esm",
  target: "es2022",
  loader: { ".wgsl": "text", ".wesl": "text" },
  sourcemap: "linked",
  logLevel: "warning",
  charset: "utf8",
  write: false,
};

/** Leaves imports from below `folder` to other sources to weft.js, so that both share one library. */
const besideLibrary = (folder) => ({
  name: "beside-library",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\// }, ({ resolveDir, path }) => {
      const target = relative(join(ROOT, "src"), join(resolveDir, path)).replaceAll("\\", "/");
      return target.startsWith(folder) ? undefined : { path: "./weft.js", external: true };
    });
  },
});

const KERNEL_HASH_DIGITS = 16;

/** A hash of all that decides what kernels compute and how fast: shaders, and the operators that launch them. */
export function kernelHash() {
  const hash = createHash("sha256");
  for (const folder of ["shaders", "src/ops"]) {
    const paths = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
    for (const path of paths.filter((name) => /\.(wgsl|wesl|ts)$/.test(name)).sort()) {
      hash.update(`${folder}/${path.replaceAll("\\", "/")}\0`);
      hash.update(readFileSync(join(ROOT, folder, path)));
    }
  }
  return hash.digest("hex").slice(0, KERNEL_HASH_DIGITS);
}

/** Builds and puts the files in place whole, as another process may be reading them. */
async function bundle(options) {
  const define = { WEFT_KERNEL_HASH: JSON.stringify(kernelHash()) };
  const { outputFiles } = await build({ ...COMMON, define, ...options });
  for (const { path, contents } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    const partial = `${path}.${process.pid}.partial`;
    writeFileSync(partial, contents);
    renameSync(partial, path);
  }
}

/** Bundles the command line. @param options esbuild's, where others are wanted. */
export function buildCommandLine(options = {}) {
  return bundle({
    entryPoints: ["src/cli/main.ts"],
    outfile: "dist/cli.js",
    platform: "node",
    packages: "external",
    ...options,
  });
}

/** Bundles the library and what stands beside it. */
export async function buildLibrary() {
  await Promise.all([
    bundle({
      entryPoints: ["src/index.ts"],
      outfile: "dist/weft.js",
      platform: "neutral",
      mainFields: ["module", "main"],
    }),
    bundle({
      entryPoints: ["src/platform/node/node.ts"],
      outfile: "dist/node.js",
      platform: "node",
      packages: "external",
      plugins: [besideLibrary("platform/node/")],
    }),
    bundle({
      entryPoints: ["src/web/golden_page.ts"],
      outfile: "dist/golden_page.js",
      platform: "browser",
      plugins: [besideLibrary("web/")],
    }),
  ]);
}

/** The newest modification time, in milliseconds, of any file below the folder; 0 where there is none. */
function newestChange(folder) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestChange(path) : statSync(path).mtimeMs);
  }
  return newest;
}

/** Whether a file of dist/ is missing or older than a source. */
export function isStale(name) {
  const built = statSync(join(ROOT, "dist", name), { throwIfNoEntry: false });
  if (!built) return true;
  const folders = ["src", "shaders", "kernels-bench"].map((folder) => join(ROOT, folder));
  const present = folders.filter((folder) => statSync(folder, { throwIfNoEntry: false }));
  return Math.max(...present.map(newestChange)) > built.mtimeMs;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await Promise.all([buildCommandLine(), buildLibrary()]);
}
