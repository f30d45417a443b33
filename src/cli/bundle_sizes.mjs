// What the library's entries weigh on a page: each bundled by itself, minified and gzipped, beside what it loads on use.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const DIST = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "dist");

/** Beside whole entries: what a program takes that replays a plan and builds none. */
const PLAN_ALONE = { name: "{ Plan } of graph", code: 'export { Plan } from "./graph.js";' };

/**
 * Measures entries of dist/ as a page's bundler leaves them.
 * @param names of the entries, such as "graph"
 * @returns bytes after minifying and gzip: `start` of what is loaded at once, `onUse` of what is imported later
 */
export async function measureEntries(names) {
  const whole = names.map((name) => ({ name, code: `export * from "./${name}.js";` }));
  return Promise.all([...whole, PLAN_ALONE].map(measure));
}

async function measure({ name, code }) {
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: DIST, sourcefile: "entry.js" },
    absWorkingDir: DIST,
    bundle: true,
    splitting: true,
    format: "esm",
    minify: true,
    packages: "external", // node.js leaves its packages outside
    outdir: join(DIST, "measured"),
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const sizes = new Map(outputFiles.map(({ path, contents }) => [path, gzipSync(contents).length]));
  const outputs = Object.entries(metafile.outputs);
  const start = outputs.find(([, { entryPoint }]) => entryPoint?.endsWith("entry.js"))?.[0];
  const atOnce = staticClosure(start, metafile.outputs);
  const sum = (paths) => paths.reduce((bytes, path) => bytes + (sizes.get(join(DIST, path)) ?? 0), 0);
  const later = outputs.map(([path]) => path).filter((path) => !atOnce.has(path));
  return { name, start: sum([...atOnce]), onUse: sum(later) };
}

/** A bundle and all that its import statements reach. */
function staticClosure(path, outputs, found = new Set()) {
  if (found.has(path) || !outputs[path]) return found;
  found.add(path);
  for (const { path: next, kind } of outputs[path].imports) {
    if (kind === "import-statement") staticClosure(next, outputs, found);
  }
  return found;
}

const inKilobytes = (bytes) => `${(bytes / 1000).toFixed(1).padStart(7)} kB`;

/** The sizes as lines of text. */
export function formatSizes(sizes) {
  const lines = sizes.map(({ name, start, onUse }) => {
    const later = onUse > 0 ? `   and ${inKilobytes(onUse).trim()} on use` : "";
    return `  ${name.padEnd(18)}${inKilobytes(start)}${later}`;
  });
  return ["Entries of the library, each by itself, minified and gzipped:", ...lines].join("\n");
}
