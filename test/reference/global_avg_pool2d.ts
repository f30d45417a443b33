// What globalAvgPool2d is checked with.

import { globalAvgPool2dDefinition } from "../../src/ops/pooling/global_avg_pool2d_definition.ts";
import { uniform } from "./draw.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

/** Shapes for the global pools: one pixel, one row, tails of every width, many pixels. */
export const GLOBAL_POOL_SHAPES: readonly (readonly number[])[] = [
  [1, 1, 1, 1],
  [3, 1, 1, 5],
  [2, 1, 9, 3],
  [2, 7, 7, 16],
  [1, 5, 8, 33],
  [5, 3, 4, 13],
  [2, 17, 19, 70],
  [1, 41, 37, 4],
];

function sample(shape: readonly number[]): Sample {
  const name = `[${shape.join(",")}]`;
  return { name, attrs: {}, inputs: { x: uniform(`globalAvgPool2d${name}`, shape) } };
}

export const globalAvgPool2d: OperatorRecord = {
  ...globalAvgPool2dDefinition,
  op: "globalAvgPool2d",
  differentiable: ["x"],
  upstream: ["y"],
  samples: () => GLOBAL_POOL_SHAPES.map(sample),
  badInputs: [{ name: "x of rank 2", attrs: {}, inputs: { x: [5, 4] }, message: /globalAvgPool2d.*\bx\b/ }],
};
