// The layers of ARCHITECTURE.md hold: its table is the one list of them, and every import goes up in it.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { importCycles, importsBelow, importsOfText } from "./imports.ts";
import { layerFaults, layersOf } from "./layers.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const LAYERS = layersOf(readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8"), "## Layers");
/** The rooms of the bench have an order of their own. */
const BENCH = "kernels-bench/";
const BENCH_README = readFileSync(join(ROOT, BENCH, "README.md"), "utf8");
const BENCH_ROOMS = layersOf(BENCH_README, "## Where things are", BENCH);
/** So have the rooms of operators. */
const OPERATORS = "src/ops/";
const OPERATOR_ROOMS = layersOf(
  readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8"),
  "### Rooms of operators",
  OPERATORS,
);
/** What is built lies in no layer. */
const BUILT = "dist/";
const imports = importsBelow(ROOT, ["src", "kernels-bench", "test"]).filter(
  ({ to }) => !to.startsWith(BUILT),
);

describe("the table of layers", () => {
  it("names every folder of src/, and none that is gone", () => {
    const named = new Set(LAYERS.flat().map((path) => path.split("/").slice(0, 2).join("/")));
    for (const name of readdirSync(join(ROOT, "src"))) expect(named).toContain(`src/${name}`);
    expect(LAYERS.flat().filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it("holds for every import of src/, kernels-bench/ and test/", () => {
    expect(imports.length).toBeGreaterThan(1000);
    expect(layerFaults(imports, LAYERS)).toEqual([]);
  });

  it("holds for the rooms of src/ops/ as well, which have a table of their own", () => {
    const inRooms = imports.filter(({ from, to }) => [from, to].every((path) => path.startsWith(OPERATORS)));
    expect(inRooms.length).toBeGreaterThan(100);
    expect(layerFaults(inRooms, OPERATOR_ROOMS)).toEqual([]);
  });

  it("holds for the rooms of kernels-bench/ as well, which its README has in order", () => {
    const inRooms = imports.filter(({ from, to }) =>
      [from, to].every((path) => /^kernels-bench\/.*\//.test(path)),
    );
    expect(inRooms.length).toBeGreaterThan(50);
    expect(layerFaults(inRooms, BENCH_ROOMS)).toEqual([]);
  });
});

describe("circles of imports", () => {
  it("are none, imports of types included", () => {
    expect(importCycles(imports)).toEqual([]);
  });

  it("are found: a file that imports itself, two groups that know each other one way, and what leads to them", () => {
    const chain = (...files: string[]) => files.slice(1).map((to, i) => ({ from: files[i] ?? "", to }));
    expect(importCycles(chain("a", "b", "c", "d"))).toEqual([]);
    expect(importCycles([...chain("a", "b"), ...chain("a", "c", "d"), ...chain("b", "d")])).toEqual([]);
    const two = [...chain("start", "a", "b", "a", "x", "y", "z", "x"), ...chain("y", "end")];
    expect(importCycles(two)).toEqual([
      ["x", "y", "z"],
      ["a", "b"],
    ]);
    expect(importCycles(chain("a", "a"))).toEqual([["a"]]);
  });
});

describe("the check of layers", () => {
  const layers = layersOf(
    "# A\n## Layers\n| folder | what |\n|---|---|\n| `base/` | x |\n| `a/`, `b/` | x |\n| `a/deep/` | x |\n## Next\n| `c/` | x |",
    "## Layers",
  );
  const faultsOf = (path: string, text: string) => layerFaults(importsOfText(path, text), layers);

  it("reads the rows of its section alone", () => {
    expect(layers).toEqual([["base/"], ["a/", "b/"], ["a/deep/"]]);
    expect(() => layersOf("## Layers\nnone", "## Layers")).toThrow('no table of folders below "## Layers"');
    expect(() => layersOf("", "## Layers")).toThrow('no heading "## Layers"');
  });

  it("lets imports go up and stay inside, and refuses those that go down, sideways or nowhere", () => {
    expect(faultsOf("a/x.ts", 'import { y } from "../base/y.ts";\nimport "./z.ts";')).toEqual([]);
    expect(faultsOf("a/deep/x.ts", 'import { y } from "../y.ts";')).toEqual([]);
    expect(faultsOf("a/x.ts", 'export type { Y } from "./deep/y.ts";')).toEqual([
      "a/x.ts imports a/deep/y.ts: a/deep/ stands below it, not above a/",
    ]);
    expect(faultsOf("a/x.ts", 'import type {\n  Y,\n} from "../b/y.ts";')).toEqual([
      "a/x.ts imports b/y.ts: b/ stands beside it in one row, not above a/",
    ]);
    expect(faultsOf("base/x.ts", 'const y = await import("../a/y.ts");')).toHaveLength(1);
    expect(faultsOf("b/x.ts", 'type Y = typeof import("../c/y.ts");')).toEqual([
      "b/x.ts imports c/y.ts, which is in no row of the table",
    ]);
    expect(faultsOf("c/x.ts", 'import "../a/y.ts";')).toEqual(["c/x.ts is in no row of the table"]);
  });
});
