// What depthwiseConv2d is checked with.

import {
  type ConvolutionAttributes,
  depthwiseConv2dDefinition,
} from "../../src/ops/conv2d/conv2d_definition.ts";
import { uniform } from "./draw.ts";
import type { BadInput, OperatorRecord, Sample } from "./reference.ts";

const PLAIN: ConvolutionAttributes = { strides: [1, 1], padding: "same", dilations: [1, 1] };

/** A sample of x and w of those shapes; with a bias unless told otherwise. */
function sample(
  name: string,
  x: readonly number[],
  w: readonly number[],
  attrs: ConvolutionAttributes = {},
  hasBias = true,
): Sample {
  const inputs: Record<string, ReturnType<typeof uniform>> = {
    x: uniform(`depthwiseConv2d/${name}/x`, x),
    w: uniform(`depthwiseConv2d/${name}/w`, w),
  };
  if (hasBias) inputs.b = uniform(`depthwiseConv2d/${name}/b`, [w[2]! * w[3]!]);
  return { name, attrs: { ...PLAIN, ...attrs }, inputs };
}

function samples(): Sample[] {
  const valid = { padding: "valid" } as const;
  const two = { strides: [2, 2] } as const;
  return [
    sample("single element", [1, 1, 1, 1], [1, 1, 1, 1]),
    sample("3x3 same, odd sizes", [2, 7, 5, 3], [3, 3, 3, 1]),
    sample("3x3 valid, no bias", [1, 6, 9, 5], [3, 3, 5, 1], valid, false),
    sample("C = 1", [3, 9, 8, 1], [3, 3, 1, 1]),
    sample("vectors of four", [2, 8, 6, 16], [3, 3, 16, 1], {}, false),
    sample("C = 33", [1, 5, 7, 33], [3, 3, 33, 1]),
    sample("stride 2 same, odd image", [2, 9, 7, 13], [3, 3, 13, 1], two),
    sample("stride 2 same, even image", [2, 8, 10, 8], [3, 3, 8, 1], two, false),
    sample("stride 2 valid", [1, 8, 11, 7], [3, 3, 7, 1], { ...two, ...valid }),
    sample("5x5", [1, 9, 6, 12], [5, 5, 12, 1]),
    sample("5x5 stride 2", [1, 11, 8, 7], [5, 5, 7, 1], two),
    sample("5x5 stride 2, vectors of four", [2, 12, 9, 8], [5, 5, 8, 1], two),
    sample("7x7, vectors of four", [1, 11, 10, 12], [7, 7, 12, 1]),
    sample("7x7 stride 2, vectors of four", [2, 10, 13, 4], [7, 7, 4, 1], two, false),
    sample("5x5, C = 10", [2, 9, 6, 10], [5, 5, 10, 1]),
    sample("7x7, C = 42", [1, 9, 11, 42], [7, 7, 42, 1]),
    sample("7x7 stride 2, C = 5", [2, 10, 13, 5], [7, 7, 5, 1], two),
    sample("3x3 W = 1, vectors of four", [2, 7, 1, 8], [3, 3, 8, 1]),
    sample("3x3 stride 2 on one pixel, vectors of four", [3, 1, 1, 8], [3, 3, 8, 1], two),
    sample("7x7 stride 2 valid", [1, 13, 9, 4], [7, 7, 4, 1], { ...two, ...valid }),
    sample("1x7", [1, 5, 9, 7], [1, 7, 7, 1]),
    sample("7x1", [1, 9, 5, 7], [7, 1, 7, 1]),
    sample("2x2 same: more padding after", [1, 5, 4, 3], [2, 2, 3, 1]),
    sample("stride 1 by 3", [1, 6, 11, 5], [3, 3, 5, 1], { strides: [1, 3] }),
    sample("stride wider than the kernel", [1, 8, 9, 4], [2, 2, 4, 1], { strides: [3, 3], padding: "valid" }),
    sample("H = 1", [4, 1, 9, 5], [3, 3, 5, 1]),
    sample("W = 1, stride 2", [4, 9, 1, 5], [3, 3, 5, 1], two),
    sample("kernel larger than the image", [2, 3, 2, 7], [7, 5, 7, 1]),
    sample("dilation 2", [2, 9, 8, 5], [3, 3, 5, 1], { dilations: [2, 2] }),
    sample("dilation 3 by 1, valid", [1, 11, 5, 4], [3, 3, 4, 1], { ...valid, dilations: [3, 1] }),
    sample("explicit padding", [1, 7, 6, 5], [3, 3, 5, 1], {
      padding: [
        [1, 2],
        [0, 3],
      ],
    }),
    sample("explicit padding stride 2", [2, 8, 8, 12], [3, 3, 12, 1], {
      ...two,
      padding: [
        [0, 1],
        [0, 1],
      ],
    }),
    sample("M = 2", [2, 6, 5, 3], [3, 3, 3, 2]),
    sample("M = 3, stride 2, no bias", [1, 7, 8, 5], [3, 3, 5, 3], two, false),
    sample("M = 4, C = 1, valid", [2, 5, 7, 1], [3, 3, 1, 4], valid),
    sample("several workgroups", [2, 17, 19, 40], [3, 3, 40, 1]),
    sample("batch of 5", [5, 6, 7, 24], [3, 3, 24, 1], two, false),
  ];
}

const badInputs: readonly BadInput[] = [
  {
    name: "w of other channels",
    attrs: { ...PLAIN },
    inputs: { x: [1, 5, 5, 8], w: [3, 3, 7, 1] },
    message: /depthwiseConv2d.*channels/,
  },
  {
    name: "a bias of another length",
    attrs: { ...PLAIN },
    inputs: { x: [1, 5, 5, 4], w: [3, 3, 4, 2], b: [4] },
    message: /depthwiseConv2d.*\bb\b/,
  },
  {
    name: "x without a batch dimension",
    attrs: { ...PLAIN },
    inputs: { x: [5, 5, 4], w: [3, 3, 4, 1] },
    message: /depthwiseConv2d.*\bx\b/,
  },
  {
    name: "no output: the kernel exceeds the image",
    attrs: { ...PLAIN, padding: "valid" },
    inputs: { x: [1, 5, 2, 4], w: [3, 3, 4, 1] },
    message: /depthwiseConv2d/,
  },
];

export const depthwiseConv2d: OperatorRecord = {
  ...depthwiseConv2dDefinition,
  op: "depthwiseConv2d",
  differentiable: ["x", "w", "b"],
  upstream: ["y"],
  badInputs,
  samples,
};
