// Walks the registry: an operator needs a file of its own, a reference record or a test of its own, and its shader
// under shaders/; and no shader may lie there unused.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Operator } from "../../src/graph/operator.ts";
import { OPERATORS } from "../../src/ops/operators.ts";
import { records } from "../reference/records.ts";

/** Operators that only other operators' gradients use: the records that exercise them. */
const EXERCISED_BY: Readonly<Record<string, string>> = {
  slice: "concat",
  sumOverSpace: "multiply",
  spreadOverSpace: "globalAvgPool2d",
  sumRows: "conv2d",
};

/** Operators whose inputs or outputs a record cannot express (bytes, masks, packed parameters). */
const TESTED_ALONE: ReadonlySet<string> = new Set([
  "preprocess",
  "dropout",
  "pack",
  "increment",
  "sgd",
  "normalize",
  "movingStatistics",
  "foldWeights",
  "residualSplit",
  "cast",
  "narrowArena",
  "lossScaleSeed",
  "findInfinite",
  "lossScaleUpdate",
  "revertSkipped",
]);
/** Where such a test is another operator's as well. */
const TESTED_WITH: Readonly<Record<string, string>> = {
  foldWeights: "movingStatistics",
  narrowArena: "cast",
  lossScaleSeed: "lossScaleUpdate",
  findInfinite: "lossScaleUpdate",
  revertSkipped: "lossScaleUpdate",
};

const recordOf = new Map(records.map((record) => [record.op, record]));
const GRADIENT = /(Data|Weight)?Gradient$/;

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function filesUnder(folder: string): string[] {
  return readdirSync(new URL(`../../${folder}`, import.meta.url), { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => /\.\w+$/.test(path));
}

function isInTree(path: string): boolean {
  return existsSync(new URL(`../../${path}`, import.meta.url));
}

const sources = filesUnder("src").filter((path) => path.endsWith(".ts"));
const importedShaders = new Set(
  sources.flatMap((path) => {
    const text = readFileSync(new URL(`../../src/${path}`, import.meta.url), "utf8");
    return [...text.matchAll(/from "(?:\.\.\/)+shaders\/([^"]+)"/g)].map(([, shader]) => shader ?? "");
  }),
);

const all: readonly Operator[] = [...OPERATORS.values()];
const ofGradients = all.filter(({ name }) => GRADIENT.test(name));
const forward = all.filter(({ name }) => !GRADIENT.test(name) && !(name in EXERCISED_BY));

describe("the registry", () => {
  it.each(forward.map(({ name }) => name))("%s has a file of its own", (name) => {
    expect(isInTree(`src/ops/${snakeCase(name)}.ts`), `src/ops/${snakeCase(name)}.ts`).toBe(true);
  });

  it.each(forward.map(({ name }) => name))("%s has a reference record or a test of its own", (name) => {
    const place = TESTED_ALONE.has(name)
      ? `test/ops/${snakeCase(TESTED_WITH[name] ?? name)}.test.ts`
      : `test/reference/${snakeCase(name)}.ts`;
    expect(isInTree(place), place).toBe(true);
    expect(recordOf.has(name), `a record of ${name} in test/reference/records.ts`).toBe(
      !TESTED_ALONE.has(name),
    );
  });

  it.each(ofGradients.map(({ name }) => name))(
    "%s belongs to an operator whose gradient has a reference",
    (name) => {
      const record = recordOf.get(name.replace(GRADIENT, ""));
      expect(record?.gradient, `a gradient in the record of ${name.replace(GRADIENT, "")}`).toBeDefined();
    },
  );

  it.each(Object.entries(EXERCISED_BY))("%s is exercised by the record of %s", (name, user) => {
    expect(OPERATORS.has(name), `operator ${name}`).toBe(true);
    expect(recordOf.get(user)?.gradient, `a gradient in the record of ${user}`).toBeDefined();
  });

  it.each(records.map(({ op }) => op))("%s, which has a record, is an operator", (name) => {
    expect(OPERATORS.has(name)).toBe(true);
  });

  it("has a gradient where a record has one, and none where it has none", () => {
    for (const { op, gradient } of records) {
      expect(OPERATORS.get(op)?.gradient !== undefined, `gradient of ${op}`).toBe(gradient !== undefined);
    }
  });

  it("uses every shader under shaders/, and only those", () => {
    expect(filesUnder("shaders").toSorted()).toEqual([...importedShaders].toSorted());
  });
});
