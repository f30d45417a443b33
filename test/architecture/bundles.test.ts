// The product's bundles hold the product: nothing of the bench, the golden runner or the tests, and of the operators'
// definitions in float64 those alone that the tuner checks kernels by.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { buildCommandLine, buildLibrary } from "../../src/cli/build.mjs";

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

it.each(["weft.js", "node.js", "cli.js"])(
  "dist/%s and what it shares come from src/ and shaders/ alone",
  (name) => {
    const bundles = [name, ...(name === "cli.js" ? [] : sharedChunks())];
    const sources = bundles.flatMap((bundle) => sourcesOf(join(DIST, bundle)));
    expect(sources.filter((source) => source.startsWith("src/"))).not.toEqual([]);
    expect(sources.filter((source) => !PRODUCT.test(source))).toEqual([]);
    const definitions = [...new Set(sources.filter((source) => DEFINITION.test(source)))];
    expect(definitions.toSorted()).toEqual(DEFINITIONS_OF_THE_TUNER);
  },
);
