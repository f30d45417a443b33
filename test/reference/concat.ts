// What concat is checked with.

import { concatDefinition } from "../../src/ops/layout/concat_definition.ts";
import { uniform } from "./draw.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

function sample(name: string, axis: number, shapes: readonly (readonly number[])[]): Sample {
  const tensors = shapes.map((shape, i) => [`x${i}`, uniform(`concat/${name}/x${i}`, shape)]);
  return { name, attrs: { axis }, inputs: Object.fromEntries(tensors) };
}

const channels = (shape: readonly number[], counts: readonly number[]) =>
  counts.map((count) => [...shape, count]);

export const concat: OperatorRecord = {
  ...concatDefinition,
  op: "concat",
  differentiable: Array.from({ length: 16 }, (_, i) => `x${i}`),
  upstream: ["y"],
  samples: () => [
    sample("two along channels", 3, channels([2, 3, 5], [3, 7])),
    sample("vectors of four", 3, channels([1, 4, 4], [8, 16])),
    sample("axis -1", -1, channels([2, 5, 3], [1, 13, 4])),
    sample("rank 2", 1, channels([5], [8, 5, 6])),
    sample("rank 2, axis -1", -1, channels([3], [33, 1])),
    sample("along the batch", 0, [
      [1, 3, 4, 5],
      [3, 3, 4, 5],
    ]),
    sample("along rows", 1, [
      [2, 3, 4, 5],
      [2, 1, 4, 5],
      [2, 6, 4, 5],
    ]),
    sample("along columns", 2, [
      [2, 3, 7, 4],
      [2, 3, 2, 4],
    ]),
    sample("a single input", 3, channels([2, 3, 3], [5])),
    sample(
      "ten inputs, more than a stage's storage buffers",
      3,
      channels([1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ),
    sample("several workgroups", 3, channels([2, 17, 19], [12, 16, 5])),
  ],
  badInputs: [
    {
      name: "other rows",
      attrs: { axis: 3 },
      inputs: { x0: [1, 3, 3, 4], x1: [1, 2, 3, 4] },
      message: /concat.*\bx1\b/,
    },
    {
      name: "another rank",
      attrs: { axis: 1 },
      inputs: { x0: [3, 4], x1: [3, 4, 1] },
      message: /concat.*\bx1\b/,
    },
    {
      name: "an axis out of range",
      attrs: { axis: 4 },
      inputs: { x0: [1, 3, 3, 4], x1: [1, 3, 3, 4] },
      message: /concat.*axis/,
    },
  ],
};
