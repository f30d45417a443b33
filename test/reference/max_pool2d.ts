// What maxPool2d is checked with.

import { maxPool2dDefinition } from "../../src/ops/pooling/max_pool2d_definition.ts";
import type { PoolAttributes } from "../../src/ops/pooling/pooling_definition.ts";
import { distinct, integers, uniform } from "./draw.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

function sample(name: string, shape: readonly number[], attrs: PoolAttributes): Sample {
  return { name, attrs: { ...attrs }, inputs: { x: distinct(`maxPool2d/${name}`, shape) } };
}

function samples(): Sample[] {
  const three: PoolAttributes = { size: [3, 3], strides: [2, 2], padding: "valid" };
  const ties = integers("maxPool2d/ties", [2, 7, 8, 5], 3);
  const negative = uniform("maxPool2d/negative", [1, 5, 4, 3], -9, -8);
  return [
    sample("single element", [1, 1, 1, 1], { size: [1, 1], strides: [1, 1], padding: "valid" }),
    sample("2x2 stride 2", [2, 6, 8, 4], { size: [2, 2], strides: [2, 2], padding: "valid" }),
    sample("3x3 stride 2 valid, overlapping", [2, 9, 7, 5], three),
    sample("3x3 stride 2 valid, last column unused", [1, 7, 8, 13], three),
    sample("3x3 stride 2 same, odd image", [1, 9, 7, 3], { ...three, padding: "same" }),
    sample("3x3 stride 2 same, even image", [2, 8, 6, 8], { ...three, padding: "same" }),
    sample("3x3 stride 1 same", [1, 5, 6, 7], { ...three, strides: [1, 1], padding: "same" }),
    sample("2x3 stride 1 by 2", [3, 6, 7, 1], { size: [2, 3], strides: [1, 2], padding: "same" }),
    sample("stride wider than the window", [1, 8, 9, 5], { size: [2, 2], strides: [3, 4], padding: "valid" }),
    sample("explicit padding", [1, 7, 6, 5], {
      ...three,
      padding: [
        [1, 1],
        [0, 2],
      ],
    }),
    sample("H = 1", [4, 1, 9, 3], { ...three, padding: "same" }),
    sample("window larger than the image", [2, 2, 3, 7], { ...three, size: [5, 5], padding: "same" }),
    sample("C = 33", [1, 5, 5, 33], three),
    sample("several workgroups", [3, 19, 17, 24], three),
    { name: "all negative, padded", attrs: { ...three, padding: "same" }, inputs: { x: negative } },
    { name: "ties", attrs: { ...three, padding: "same" }, inputs: { x: ties }, onKink: true },
  ];
}

export const maxPool2d: OperatorRecord = {
  ...maxPool2dDefinition,
  op: "maxPool2d",
  differentiable: ["x"],
  upstream: ["y"],
  samples,
  badInputs: [
    {
      name: "no output: the window exceeds the image",
      attrs: { size: [3, 3], strides: [2, 2], padding: "valid" },
      inputs: { x: [1, 5, 2, 4] },
      message: /maxPool2d/,
    },
    {
      name: "x of rank 2",
      attrs: { size: [3, 3], strides: [2, 2], padding: "valid" },
      inputs: { x: [5, 4] },
      message: /maxPool2d.*\bx\b/,
    },
  ],
};
