// Walks the registry: an operator is defined in a room of src/ops/ and has a reference record or a test of its own; and
// shaders/ has the same rooms, with no shader that nobody uses.
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

/** Operators whose inputs or outputs a record cannot express (bytes, masks, packed parameters), and their tests. */
const TESTED_ALONE: Readonly<Record<string, string>> = {
  preprocess: "image/preprocess",
  dropout: "elementwise/dropout",
  residualSplit: "elementwise/residual_split",
  pack: "layout/pack",
  increment: "optimizers/increment",
  sgd: "optimizers/sgd",
  rmsprop: "optimizers/rmsprop",
  normalize: "batch_norm/normalize",
  movingStatistics: "batch_norm/moving_statistics",
  foldWeights: "batch_norm/moving_statistics",
  cast: "mixed_precision/cast",
  narrowArena: "mixed_precision/cast",
  lossScaleSeed: "mixed_precision/loss_scale",
  findInfinite: "mixed_precision/loss_scale",
  lossScaleUpdate: "mixed_precision/loss_scale",
  revertSkipped: "mixed_precision/loss_scale",
};

const recordOf = new Map(records.map((record) => [record.op, record]));
/** The sources of operators, by their paths below src/ops/. */
const operatorSources = filesUnder("src/ops").map((path) => ({
  path,
  text: readFileSync(new URL(`../../src/ops/${path}`, import.meta.url), "utf8"),
}));

const GRADIENT = /(Data|Weight)?Gradient$/;

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

/** The files below src/ops/ that define an operator, by themselves or out of a rule, which gives its gradient as well. */
function sourcesOf(name: string): string[] {
  const pathsWith = (definition: RegExp) =>
    operatorSources.filter(({ text }) => definition.test(text)).map(({ path }) => path);
  const byRule = pathsWith(new RegExp(`defineUnary(?:Family)?\\(\\s*"${name.replace(GRADIENT, "")}"`));
  return byRule.length > 0 ? byRule : pathsWith(new RegExp(`\\bname: "${name}"`));
}

/** The room that a path below src/ops/ leads into. */
const roomOf = (path: string) => path.split("/")[0];

describe("the registry", () => {
  it.each(all.map(({ name }) => name))("%s is defined in one room", (name) => {
    expect(sourcesOf(name)).toEqual([expect.stringMatching(/^\w+\/\w+\.ts$/)]);
  });

  it.each(forward.map(({ name }) => name))("%s has a reference record or a test of its own", (name) => {
    const test = TESTED_ALONE[name];
    expect(recordOf.has(name), `a record of ${name} in test/reference/records.ts`).toBe(test === undefined);
    expect(test === undefined || isInTree(`test/ops/${test}.test.ts`), `test/ops/${test}.test.ts`).toBe(true);
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

  it.each(records.map(({ op }) => op))("%s has its definition in its room", (op) => {
    const definition = new RegExp(`^export const ${op}Definition\\b|^  ${op}: \\{ ?(value|$)`, "m");
    const definitions = operatorSources.filter(({ path }) => path.endsWith("_definition.ts"));
    const rooms = definitions.filter(({ text }) => definition.test(text)).map(({ path }) => roomOf(path));
    expect(rooms).toEqual(sourcesOf(op).map(roomOf));
  });

  it("has a gradient where a record has one, and none where it has none", () => {
    for (const { op, gradient } of records) {
      expect(OPERATORS.get(op)?.gradient !== undefined, `gradient of ${op}`).toBe(gradient !== undefined);
    }
  });

  it("has its shaders in rooms of the same names", () => {
    const roomsOf = (folder: string) => readdirSync(new URL(`../../${folder}`, import.meta.url));
    const rooms = roomsOf("src/ops").filter((name) => !name.includes("."));
    expect(roomsOf("shaders").toSorted()).toEqual(rooms.toSorted());
  });

  it("uses every shader under shaders/, and only those", () => {
    expect(filesUnder("shaders").toSorted()).toEqual([...importedShaders].toSorted());
  });
});
