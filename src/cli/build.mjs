// Bundles the sources with esbuild:
//   dist/weft.js         the library, ES modules for Node and browsers, packages bundled with them;
//   dist/graph.js, …     its parts, an entry each (src/entries/), and what a browser adds (browser.js);
//   dist/node.js         what Node adds to it (adapter, files, images), packages of node_modules left outside;
//   dist/chunks/         what these share: they are one build, so each class exists once;
//   dist/keras_worker.js what reads Keras' files in a thread of its own, started by node.js and by cli.js;
//   dist/types/          declarations of all entries, by tsc;
//   dist/cli.js          the command line, packages of node_modules left outside.
// `node src/cli/build.mjs` builds all of it and prints the sizes of the entries, with --for-package as a package holds it:
// without source maps.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { formatSizes, measureEntries } from "./bundle_sizes.mjs";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const DIST = join(ROOT, "dist");

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

/** Leaves the packages outside that Node's part of the library imports; others are bundled. */
const nodePackagesOutside = {
  name: "node-packages-outside",
  setup({ onResolve }) {
    const folder = join(ROOT, "src", "platform", "node") + sep;
    onResolve({ filter: /^[^./]/ }, ({ importer, path }) =>
      importer.startsWith(folder) ? { path, external: true } : undefined,
    );
  },
};

const KERNEL_HASH_DIGITS = 16;

/** Folders of the shaders and of the operators that launch them, and what makes the linked text out of a shader. */
const KERNEL_SOURCES = [
  "shaders",
  "src/ops",
  "src/gpu/integer_expressions.ts",
  "src/gpu/narrow_storage.ts",
  "src/gpu/shader_expansion.ts",
  "src/gpu/shader_linking.ts",
  "src/gpu/shader_modules.ts",
];

/** What checks kernels decides nothing about them. */
const DEFINITION = /(^|[/_])definition\.ts$/;

/** A hash of all that decides what kernels compute and how fast. */
export function kernelHash() {
  const hash = createHash("sha256");
  const paths = KERNEL_SOURCES.flatMap((source) => {
    if (statSync(join(ROOT, source)).isFile()) return [source];
    const names = readdirSync(join(ROOT, source), { recursive: true, encoding: "utf8" });
    return names.map((name) => `${source}/${name.replaceAll("\\", "/")}`);
  });
  const isSource = (name) => /\.(wgsl|wesl|ts)$/.test(name) && !DEFINITION.test(name);
  for (const path of paths.filter(isSource).sort()) {
    hash.update(`${path}\0`);
    hash.update(readFileSync(join(ROOT, path)));
  }
  return hash.digest("hex").slice(0, KERNEL_HASH_DIGITS);
}

/**
 * Drops imports of chunks from which nothing is imported: no source has side effects, as package.json says, and pages
 * without a bundler would load these chunks for nothing. Lines stay, for the source maps.
 */
function withoutBareImports(code) {
  return code.replace(/^import "\.\/[^"]*";$/gm, "");
}

/**
 * Builds and puts the files in place whole, as another process may be reading them.
 * @param options esbuild's: entry points and where their bundles go
 * @returns their paths
 */
export async function bundle(options) {
  const define = { WEFT_KERNEL_HASH: JSON.stringify(kernelHash()) };
  const { build } = await import("esbuild").catch((thrown) => {
    if (thrown.code !== "ERR_MODULE_NOT_FOUND") throw thrown;
    console.error(
      "weft: the npm package esbuild, which builds the program, is not installed; run npm ci first",
    );
    process.exit(1);
  });
  const { outputFiles } = await build({ ...COMMON, define, ...options });
  const isEntry = ({ path }) => dirname(path) === DIST;
  for (const { path, contents, text } of outputFiles.sort((a, b) => isEntry(a) - isEntry(b))) {
    mkdirSync(dirname(path), { recursive: true });
    const partial = `${path}.${process.pid}.partial`;
    writeFileSync(partial, path.endsWith(".js") ? withoutBareImports(text) : contents);
    renameSync(partial, path);
  }
  return outputFiles.map(({ path }) => path);
}

/** Bundles the thread that reads Keras' files, which lies beside whatever starts it. */
export async function buildKerasWorker(folder = "dist", options = {}) {
  await bundle({
    entryPoints: ["src/platform/node/keras_worker.ts"],
    platform: "node",
    packages: "external",
    ...options,
    outfile: `${folder}/keras_worker.js`,
  });
}

/** Bundles the command line and its thread. @param options esbuild's, where others are wanted. */
export async function buildCommandLine(options = {}) {
  await buildKerasWorker(dirname(options.outfile ?? "dist/cli.js"), options);
  await bundle({
    entryPoints: ["src/cli/main.ts"],
    outfile: "dist/cli.js",
    platform: "node",
    packages: "external",
    ...options,
  });
}

/** The sources of the library's entries, by the names of their bundles; `exports` of package.json has the same names. */
export function libraryEntries() {
  const names = readdirSync(join(ROOT, "src", "entries")).sort();
  return {
    weft: "src/index.ts",
    node: "src/platform/node/node.ts",
    browser: "src/platform/browser/browser.ts",
    ...Object.fromEntries(names.map((name) => [basename(name, ".ts"), `src/entries/${name}`])),
  };
}

/** Bundles the library and what stands beside it. @param options esbuild's, where others are wanted. */
export async function buildLibrary(options = {}) {
  await buildKerasWorker("dist", options);
  const paths = await bundle({
    entryPoints: libraryEntries(),
    outdir: "dist",
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    platform: "neutral",
    mainFields: ["module", "main"],
    plugins: [nodePackagesOutside],
    ...options,
  });
  const chunks = join(DIST, "chunks");
  const present = new Set(paths.map((path) => basename(path)));
  for (const name of readdirSync(chunks)) {
    if (!present.has(name) && !name.endsWith(".partial")) rmSync(join(chunks, name), { force: true });
  }
}

/** Writes the library's declarations. */
export function buildTypes() {
  rmSync(join(DIST, "types"), { recursive: true, force: true });
  const typescript = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
  const compiler = join(typescript, "bin", "tsc");
  execFileSync(process.execPath, [compiler, "-p", "tsconfig.types.json"], { cwd: ROOT, stdio: "inherit" });
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

/**
 * Whether a file of dist/ is missing or older than a source.
 * @param sources folders whose files are in the bundle
 */
export function isStale(name, sources = ["src", "shaders"]) {
  const built = statSync(join(DIST, name), { throwIfNoEntry: false });
  if (!built) return true;
  const folders = sources.map((folder) => join(ROOT, folder));
  const present = folders.filter((folder) => statSync(folder, { throwIfNoEntry: false }));
  return Math.max(...present.map(newestChange)) > built.mtimeMs;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const options = process.argv.includes("--for-package") ? { sourcemap: false } : {};
  await Promise.all([buildCommandLine(options), buildLibrary(options)]);
  buildTypes();
  console.log(formatSizes(await measureEntries(Object.keys(libraryEntries()))));
}
