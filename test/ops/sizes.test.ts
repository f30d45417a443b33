// Sizes at the limits: grids of more workgroups than a dimension holds are folded or refused by name, and an
// empty batch runs. The adapter's limit is lowered for the purpose.
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.ts";
import { elementCount, type Shape } from "../../src/base/tensors.ts";
import { VariableStore } from "../../src/gpu/variables.ts";
import type { RawAttributes } from "../../src/graph/attributes.ts";
import { differentiate } from "../../src/graph/differentiate.ts";
import { Graph, type Tensor } from "../../src/graph/graph.ts";
import { Plan, type StepValues } from "../../src/graph/plan.ts";
import { layOutPlan } from "../../src/graph/plan_layout.ts";
import { sumOf } from "../../src/ops/elementwise/sum.ts";
import { OPERATORS } from "../../src/ops/operators.ts";
import { testDevice } from "../device.ts";

interface Case {
  readonly op: string;
  readonly inputs: Readonly<Record<string, Shape>>;
  readonly attrs?: RawAttributes;
}

/** Runs a case forward and backward on an adapter that holds so many workgroups a dimension. */
async function run({ op, inputs, attrs = {} }: Case, maxWorkgroupsPerDimension: number): Promise<StepValues> {
  const device = await testDevice();
  const operator = OPERATORS.get(op);
  if (!operator) throw new Error(`no operator ${op}`);
  const graph = new Graph();
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([role, shape]) => [role, graph.input(role, shape)]),
  );
  const y = graph.applyOne(operator, tensors, attrs);
  const dy = graph.input("dy", y.shape);
  const targets = Object.entries(tensors).filter(([role]) => role !== "transform");
  const gradients = differentiate(
    graph,
    [{ tensor: y, gradient: dy }],
    targets.map(([, tensor]) => tensor),
    sumOf,
  );
  const outputs: Record<string, Tensor> = { y };
  for (const [role, tensor] of targets) {
    const gradient = gradients.get(tensor);
    if (gradient) outputs[`d${role}`] = gradient;
  }
  const layout = layOutPlan(graph, outputs, { ...device.facts, maxWorkgroupsPerDimension });
  const plan = await Plan.compile(device, layout, new VariableStore(device));
  try {
    plan.poison();
    const fed = Object.entries({ ...tensors, dy }).map(([role, { shape }]) => {
      const stream = new RandomStream(9, `${op}/${role}`);
      return [role, Float32Array.from({ length: elementCount(shape) }, () => stream.between(-2, 2))];
    });
    return await plan.run(Object.fromEntries(fed));
  } finally {
    plan.destroy();
  }
}

const IMAGE: Shape = [3, 17, 19, 24];
const ODD: Shape = [3, 17, 19, 13];

const FOLDED: readonly Case[] = [
  { op: "relu", inputs: { x: [9, 17, 19, 24] } },
  { op: "swish", inputs: { x: ODD } },
  { op: "add", inputs: { a: ODD, b: ODD } },
  { op: "multiply", inputs: { a: [9, 17, 19, 24], b: [9, 17, 19, 24] } },
  { op: "scaledAdd", inputs: { x: [9, 17, 19, 24], r: [9, 17, 19, 24] }, attrs: { scale: 0.3 } },
  { op: "concat", inputs: { x0: IMAGE, x1: ODD, x2: IMAGE } },
  { op: "softmax", inputs: { x: [999, 3] } },
  { op: "globalMaxPool2d", inputs: { x: [9, 2, 3, 133] } },
  { op: "globalAvgPool2d", inputs: { x: [9, 2, 3, 133] } },
];

const BY_ROWS: readonly Case[] = [
  { op: "maxPool2d", inputs: { x: IMAGE }, attrs: { size: 3, strides: 1 } },
  { op: "avgPool2d", inputs: { x: IMAGE }, attrs: { size: 3, strides: 1 } },
  { op: "zeroPad2d", inputs: { x: IMAGE }, attrs: { amounts: 1 } },
  { op: "resizeBilinear", inputs: { x: IMAGE }, attrs: { size: [20, 20] } },
];

const EMPTY: readonly Case[] = [
  { op: "relu", inputs: { x: [0, 4] } },
  { op: "add", inputs: { a: [0, 2, 2, 4], b: [0, 1, 1, 4] } },
  { op: "multiply", inputs: { a: [0, 2, 2, 3], b: [0, 1, 1, 3] } },
  { op: "concat", inputs: { x0: [0, 3], x1: [0, 4] } },
  { op: "maxPool2d", inputs: { x: [0, 5, 5, 4] }, attrs: { size: 2 } },
  { op: "avgPool2d", inputs: { x: [0, 5, 5, 3] }, attrs: { size: 2 } },
  { op: "globalAvgPool2d", inputs: { x: [0, 5, 5, 4] } },
  { op: "globalMaxPool2d", inputs: { x: [0, 5, 5, 4] } },
  { op: "softmax", inputs: { x: [0, 7] } },
  { op: "crop2d", inputs: { x: [0, 5, 5, 4] }, attrs: { amounts: 1 } },
  { op: "augmentAffine", inputs: { x: [0, 5, 5, 3], transform: [0, 6] } },
];

describe("workgroups beyond a dimension's limit", () => {
  it.each(FOLDED)("$op folds its grid and computes the same", async (folded) => {
    expect(await run(folded, 10)).toEqual(await run(folded, 65535));
  });

  it.each(BY_ROWS)("$op is refused by name", async (refused) => {
    await expect(run(refused, 5)).rejects.toThrow(
      new RegExp(`${refused.op}: a grid of .* exceeds 5 per dimension`),
    );
  });
});

describe("an empty batch", () => {
  it.each(EMPTY)("$op of no images", async (empty) => {
    for (const values of Object.values(await run(empty, 65535))) expect(values).toHaveLength(0);
  });
});
