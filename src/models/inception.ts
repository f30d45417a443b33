// What InceptionV3 and InceptionResNetV2 share: the stem, the Inception-A and Reduction-A modules with configurable
// widths, and their convolution with batch norm. Sizes in comments are those of a 299 x 299 image.

import type { Tensor } from "../graph/graph.ts";
import type { Layers } from "../nn/layers.ts";

export const BATCH_NORM = { epsilon: 1e-3, momentum: 0.99, scale: false } as const;

/** Images to 35 x 35 x 192. */
export function stem(layers: Layers, image: Tensor): Tensor {
  // 149 x 149 x 32
  let x = convBn(layers, image, 32, 3, { strides: 2, padding: "valid" });
  // 147 x 147 x 64
  x = convBn(layers, x, 32, 3, { padding: "valid" });
  x = convBn(layers, x, 64, 3);
  // 71 x 71 x 192
  x = layers.maxPooling2D(x, { poolSize: 3, strides: 2 });
  x = convBn(layers, x, 80, 1, { padding: "valid" });
  x = convBn(layers, x, 192, 3, { padding: "valid" });
  // 35 x 35 x 192
  return layers.maxPooling2D(x, { poolSize: 3, strides: 2 });
}

/** Branches of 1x1, 5x5 and two 3x3, and an average; `direct` and `pooled` are the widths of the first and the last. */
export function inceptionA(
  layers: Layers,
  x: Tensor,
  { name, direct, pooled }: { name: string; direct: number; pooled: number },
): Tensor {
  const branch1x1 = convBn(layers, x, direct, 1);

  let branch5x5 = convBn(layers, x, 48, 1);
  branch5x5 = convBn(layers, branch5x5, 64, 5);

  let branch3x3Twice = convBn(layers, x, 64, 1);
  branch3x3Twice = convBn(layers, branch3x3Twice, 96, 3);
  branch3x3Twice = convBn(layers, branch3x3Twice, 96, 3);

  const branchPool = averageBranch(layers, x, pooled);
  return layers.concatenate([branch1x1, branch5x5, branch3x3Twice, branchPool], { name });
}

/** Halves the size in three branches side by side: a strided 3x3; a 1x1 and two 3x3 (of `widths`); a maximum pool. */
export function reductionA(
  layers: Layers,
  x: Tensor,
  { name, widths }: { name: string; widths: readonly [number, number, number] },
): Tensor {
  const branch3x3 = convBn(layers, x, 384, 3, { strides: 2, padding: "valid" });

  let branch3x3Twice = convBn(layers, x, widths[0], 1);
  branch3x3Twice = convBn(layers, branch3x3Twice, widths[1], 3);
  branch3x3Twice = convBn(layers, branch3x3Twice, widths[2], 3, { strides: 2, padding: "valid" });

  const branchPool = layers.maxPooling2D(x, { poolSize: 3, strides: 2 });
  return layers.concatenate([branch3x3, branch3x3Twice, branchPool], { name });
}

/** A 3x3 average pool of the same size and a 1x1 convolution. */
export function averageBranch(layers: Layers, x: Tensor, filters: number): Tensor {
  const averages = layers.averagePooling2D(x, { poolSize: 3, strides: 1, padding: "same" });
  return convBn(layers, averages, filters, 1);
}

/** A convolution without bias, batch norm without scale, ReLU: all named after their classes. */
export function convBn(
  layers: Layers,
  x: Tensor,
  filters: number,
  kernelSize: number | readonly [number, number],
  { strides = 1, padding = "same" }: { strides?: 1 | 2; padding?: "valid" | "same" } = {},
): Tensor {
  const y = layers.conv2D(x, { filters, kernelSize, strides, padding, useBias: false });
  return layers.activation(layers.batchNormalization(y, BATCH_NORM), { activation: "relu" });
}
