// The product's bundles hold the product: nothing of the bench, the golden runner or the tests, and of the operators'
// definitions in float64 those alone that the tuner checks kernels by. A page that imports an entry loads little.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { buildCommandLine, buildLibrary, libraryEntries } from "../../src/cli/build.mjs";
import { measureEntries } from "../../src/cli/bundle_sizes.mjs";

const ROOT = join(import.meta.dirname, "..", "..");
const DIST = join(ROOT, "dist");
const PRODUCT = /^(src|shaders)\/|(^|\/)node_modules\//;
const DEFINITION = /^src\/ops\/.*\bdefinition\.ts$|_definition\.ts$/;
const DEFINITIONS_OF_THE_TUNER = [
  "src/ops/batch_norm/batch_norm_definition.ts",
  "src/ops/common/definition.ts",
  "src/ops/common/window_definition.ts",
  "src/ops/conv2d/conv2d_definition.ts",
  "src/ops/elementwise/activations_definition.ts",
  "src/ops/reduce/column_sums_definition.ts",
];

/** The sources of a bundle, by its source map, from the root. */
function sourcesOf(path: string): string[] {
  const { sources } = JSON.parse(readFileSync(`${path}.map`, "utf8")) as { sources: string[] };
  return sources.map((source) => source.replaceAll("\\", "/").replace(/^(\.\.\/)+/, ""));
}

/** What the library's bundles share lies in a folder of its own, where they share anything. */
function sharedChunks(): string[] {
  const folder = join(DIST, "chunks");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".js"))
    .map((name) => `chunks/${name}`);
}

beforeAll(async () => {
  await Promise.all([buildCommandLine(), buildLibrary()]);
});

it.each(["the command line", "the library"])("%s comes from src/ and shaders/ alone", (name) => {
  const entries = Object.keys(libraryEntries()).map((entry) => `${entry}.js`);
  const bundles = name === "the library" ? [...entries, ...sharedChunks()] : ["cli.js"];
  const sources = bundles.flatMap((bundle) => sourcesOf(join(DIST, bundle)));
  expect(sources.filter((source) => source.startsWith("src/"))).not.toEqual([]);
  expect(sources.filter((source) => !PRODUCT.test(source))).toEqual([]);
  const definitions = [...new Set(sources.filter((source) => DEFINITION.test(source)))];
  expect(definitions.toSorted()).toEqual(DEFINITIONS_OF_THE_TUNER);
});

/** Bytes that a page may load at once, minified and gzipped; Keras' HDF5 reader and Graphviz are loaded on use. */
const MOST_BYTES = 400_000;
const MOST_BYTES_OF_A_PLAN = 80_000;

describe("what a page loads", () => {
  it("is small at once, whichever entry it imports", async () => {
    const sizes = await measureEntries(Object.keys(libraryEntries()));
    expect(sizes.length).toBe(Object.keys(libraryEntries()).length + 1);
    const large = sizes.filter(({ name, start }) => {
      return start > (name.includes("Plan") ? MOST_BYTES_OF_A_PLAN : MOST_BYTES);
    });
    expect(large).toEqual([]);
    const loadedLater = sizes.filter(({ onUse }) => onUse > 0).map(({ name }) => name);
    expect(loadedLater.sort()).toEqual(["drawing", "formats", "node", "training", "weft"]);
  });

  it("is no shader and no other entry where it replays a plan", async () => {
    const { outputFiles } = await build({
      stdin: { contents: 'export { Plan } from "./graph.js";', resolveDir: DIST },
      bundle: true,
      format: "esm",
      write: false,
    });
    const text = outputFiles.map((file) => file.text).join();
    expect(text).toMatch(/class Plan\b|Plan = class/);
    expect(text).not.toMatch(/@compute|var<storage|conv2d/);
  });
});
