// What conv2d is checked with.

import { type ConvolutionAttributes, conv2dDefinition } from "../../src/ops/conv2d/conv2d_definition.ts";
import { uniform } from "./draw.ts";
import type { BadInput, OperatorRecord, Sample } from "./reference.ts";

const PLAIN: ConvolutionAttributes = { strides: [1, 1], padding: "same", dilations: [1, 1], groups: 1 };

/** A sample of x and w of those shapes; with a bias unless told otherwise. */
function sample(
  name: string,
  x: readonly number[],
  w: readonly number[],
  attrs: ConvolutionAttributes = {},
  hasBias = true,
): Sample {
  const inputs: Record<string, ReturnType<typeof uniform>> = {
    x: uniform(`conv2d/${name}/x`, x),
    w: uniform(`conv2d/${name}/w`, w),
  };
  if (hasBias) inputs.b = uniform(`conv2d/${name}/b`, [w[3]!]);
  return { name, attrs: { ...PLAIN, ...attrs }, inputs };
}

function samples(): Sample[] {
  const valid = { padding: "valid" } as const;
  const two = { strides: [2, 2] } as const;
  return [
    sample("single element", [1, 1, 1, 1], [1, 1, 1, 1]),
    sample("3x3 same, odd sizes", [2, 7, 5, 3], [3, 3, 3, 5]),
    sample("3x3 valid, no bias", [1, 6, 9, 5], [3, 3, 5, 7], valid, false),
    sample("K = 1", [3, 5, 4, 7], [3, 3, 7, 1]),
    sample("C = 1", [2, 9, 8, 1], [5, 5, 1, 6], valid),
    sample("vectors of four everywhere", [2, 8, 8, 8], [3, 3, 8, 16]),
    sample("one more than the tiles", [1, 9, 5, 17], [3, 3, 17, 33], {}, false),
    sample("one less than the tiles", [1, 5, 7, 15], [3, 3, 15, 31]),
    sample("stride 2 same, odd image", [2, 9, 7, 3], [3, 3, 3, 8], two),
    sample("stride 2 same, even image", [2, 8, 10, 3], [3, 3, 3, 8], two),
    sample("stride 2 valid, last row unused", [1, 8, 10, 5], [3, 3, 5, 4], { ...two, ...valid }),
    sample("first layer", [2, 9, 11, 3], [3, 3, 3, 32], { ...two, ...valid }),
    sample("first layer, more channels than a tile", [1, 14, 10, 3], [3, 3, 3, 68], two, false),
    sample("first layer, many rows", [5, 53, 5, 3], [3, 3, 3, 36], { ...two, ...valid }),
    sample("first layer, more padding than image", [3, 1, 2, 3], [3, 3, 3, 32], {
      ...two,
      padding: [
        [2, 1],
        [3, 0],
      ],
    }),
    sample("first layer 7x7", [2, 15, 12, 3], [7, 7, 3, 20], two),
    sample(
      "first layer 5x4, stride 2 by 3",
      [1, 11, 17, 3],
      [5, 4, 3, 12],
      { ...valid, strides: [2, 3] },
      false,
    ),
    sample("first layer, dilated rows", [2, 9, 6, 3], [3, 3, 3, 4], { dilations: [2, 1] }),
    sample("stride 3 by 1", [1, 10, 7, 2], [3, 2, 2, 3], { strides: [3, 1] }),
    sample("stride wider than the kernel", [1, 8, 11, 4], [2, 2, 4, 4], {
      strides: [3, 4],
      padding: "valid",
    }),
    sample("5x5 stride 2", [1, 11, 13, 4], [5, 5, 4, 8], two),
    sample("1x1", [3, 7, 5, 33], [1, 1, 33, 13]),
    sample("1x1, vectors of four", [4, 6, 6, 24], [1, 1, 24, 72], {}, false),
    sample("1x1 stride 2", [2, 7, 6, 12], [1, 1, 12, 9], { ...two, ...valid }),
    sample("1x7", [1, 5, 9, 7], [1, 7, 7, 5]),
    sample("7x1", [1, 9, 5, 7], [7, 1, 7, 5]),
    sample("1x7 valid stride 1 by 2", [2, 3, 12, 3], [1, 7, 3, 4], { ...valid, strides: [1, 2] }),
    sample("2x2 same: more padding after", [1, 5, 4, 3], [2, 2, 3, 3]),
    sample("4x4 same stride 2", [1, 9, 6, 3], [4, 4, 3, 5], two),
    sample("H = 1", [3, 1, 11, 5], [3, 3, 5, 4]),
    sample("W = 1", [3, 11, 1, 5], [3, 3, 5, 4], two),
    sample("kernel larger than the image", [2, 3, 2, 3], [7, 5, 3, 4]),
    sample("kernel larger than the image, stride 2", [1, 3, 2, 4], [5, 7, 4, 4], two),
    sample("kernel as large as the image, valid", [2, 5, 4, 3], [5, 4, 3, 9], valid),
    sample("dilation 2", [2, 9, 8, 3], [3, 3, 3, 5], { dilations: [2, 2] }),
    sample("dilation 3 by 2, valid", [1, 11, 7, 4], [3, 2, 4, 4], { ...valid, dilations: [3, 2] }),
    sample("dilation 2 and stride 2", [1, 11, 9, 3], [3, 3, 3, 4], { ...two, dilations: [2, 2] }),
    sample("explicit padding", [1, 7, 6, 5], [3, 3, 5, 3], {
      padding: [
        [1, 2],
        [0, 3],
      ],
    }),
    sample("explicit padding stride 2", [2, 8, 8, 3], [3, 3, 3, 8], {
      ...two,
      padding: [
        [0, 1],
        [0, 1],
      ],
    }),
    sample("explicit padding wider than the kernel", [1, 3, 4, 2], [2, 2, 2, 3], {
      padding: [
        [3, 0],
        [0, 4],
      ],
    }),
    sample("2 groups", [2, 5, 6, 6], [3, 3, 3, 10], { groups: 2 }),
    sample("3 groups stride 2, no bias", [1, 7, 8, 9], [3, 3, 3, 6], { ...two, groups: 3 }, false),
    sample("groups of one channel", [1, 6, 5, 5], [3, 3, 1, 10], { groups: 5 }),
    sample("4 groups of four, dilated", [1, 8, 7, 16], [3, 3, 4, 16], { groups: 4, dilations: [2, 1] }),
    sample("1x1 in 2 groups", [3, 4, 5, 26], [1, 1, 13, 14], { groups: 2 }),
    sample("several workgroups", [2, 17, 19, 24], [3, 3, 24, 40]),
    sample("many channels, few pixels", [1, 3, 3, 130], [3, 3, 130, 37], valid),
    sample("batch of 5", [5, 6, 7, 13], [3, 3, 13, 20], two, false),
  ];
}

const badInputs: readonly BadInput[] = [
  {
    name: "w expects other input channels",
    attrs: { ...PLAIN },
    inputs: { x: [8, 35, 35, 64], w: [3, 3, 48, 96] },
    message: /conv2d.*channels/,
  },
  {
    name: "groups do not divide the input channels",
    attrs: { ...PLAIN, groups: 3 },
    inputs: { x: [1, 5, 5, 8], w: [3, 3, 2, 6] },
    message: /conv2d.*(groups|channels)/,
  },
  {
    name: "groups do not divide the output channels",
    attrs: { ...PLAIN, groups: 3 },
    inputs: { x: [1, 5, 5, 6], w: [3, 3, 2, 7] },
    message: /conv2d.*(groups|channels)/,
  },
  {
    name: "a bias of another length",
    attrs: { ...PLAIN },
    inputs: { x: [1, 5, 5, 4], w: [3, 3, 4, 6], b: [5] },
    message: /conv2d.*\bb\b/,
  },
  {
    name: "x without a batch dimension",
    attrs: { ...PLAIN },
    inputs: { x: [5, 5, 4], w: [3, 3, 4, 6] },
    message: /conv2d.*\bx\b/,
  },
  {
    name: "no output: the kernel exceeds the image",
    attrs: { ...PLAIN, padding: "valid" },
    inputs: { x: [1, 2, 5, 4], w: [3, 3, 4, 6] },
    message: /conv2d/,
  },
];

export const conv2d: OperatorRecord = {
  ...conv2dDefinition,
  op: "conv2d",
  differentiable: ["x", "w", "b"],
  upstream: ["y"],
  badInputs,
  samples,
};
