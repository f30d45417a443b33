// What avgPool2d is checked with.

import { avgPool2dDefinition } from "../../src/ops/pooling/avg_pool2d_definition.ts";
import type { PoolAttributes } from "../../src/ops/pooling/pooling_definition.ts";
import { uniform } from "./draw.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

function sample(name: string, shape: readonly number[], attrs: PoolAttributes): Sample {
  return { name, attrs: { ...attrs }, inputs: { x: uniform(`avgPool2d/${name}`, shape) } };
}

function samples(): Sample[] {
  const three: PoolAttributes = { size: [3, 3], strides: [1, 1], padding: "same", countIncludePad: false };
  const omitted: PoolAttributes = { size: [3, 3], strides: [2, 2], padding: "same" };
  const two: PoolAttributes = { size: [2, 2], strides: [2, 2], padding: "valid" };
  return [
    sample("single element", [1, 1, 1, 1], { size: [1, 1], strides: [1, 1], padding: "valid" }),
    sample("2x2 stride 2", [2, 6, 8, 4], two),
    sample("2x2 stride 2, odd image", [1, 7, 5, 13], two),
    sample("3x3 same", [2, 5, 7, 3], three),
    sample("3x3 same, padding counted", [2, 5, 7, 3], { ...three, countIncludePad: true }),
    sample("3x3 stride 2 same, odd image", [1, 9, 7, 8], omitted),
    sample("3x3 stride 2 same, even image", [1, 8, 10, 5], omitted),
    sample("1x1 stride 2", [1, 7, 6, 5], { size: [1, 1], strides: [2, 2], padding: "valid" }),
    sample("2x3 stride 1 by 2", [3, 6, 7, 1], { size: [2, 3], strides: [1, 2], padding: "same" }),
    sample("stride wider than the window", [1, 8, 9, 5], { ...two, strides: [3, 4] }),
    sample("explicit padding", [1, 7, 6, 5], {
      ...omitted,
      padding: [
        [1, 1],
        [0, 2],
      ],
    }),
    sample("explicit padding, counted", [1, 7, 6, 5], {
      ...omitted,
      padding: [
        [1, 1],
        [0, 2],
      ],
      countIncludePad: true,
    }),
    sample("W = 1", [4, 9, 1, 3], three),
    sample("window larger than the image", [2, 2, 3, 7], { ...three, size: [5, 5] }),
    sample("C = 33", [1, 5, 5, 33], three),
    sample("several workgroups", [3, 19, 17, 24], three),
  ];
}

export const avgPool2d: OperatorRecord = {
  ...avgPool2dDefinition,
  op: "avgPool2d",
  differentiable: ["x"],
  upstream: ["y"],
  samples,
  badInputs: [
    {
      name: "no output: the window exceeds the image",
      attrs: { size: [3, 3], strides: [2, 2], padding: "valid" },
      inputs: { x: [1, 2, 5, 4] },
      message: /avgPool2d/,
    },
    {
      name: "x of rank 2",
      attrs: { size: [3, 3], strides: [2, 2], padding: "valid" },
      inputs: { x: [5, 4] },
      message: /avgPool2d.*\bx\b/,
    },
  ],
};
