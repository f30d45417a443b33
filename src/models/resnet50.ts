// ResNet50: bottleneck residual blocks (He et al. 2015), named and structured as keras.applications.ResNet50: a stage's
// first block has its stride in its first convolution, and convolutions have biases. Sizes in comments are those of a
// 224 x 224 image.

import type { Tensor } from "../graph/graph.ts";
import type { Layers } from "../nn/layers.ts";
import { type Backbone, denseTopOrPooling } from "./backbone.ts";

const BATCH_NORM = { epsilon: 1.001e-5, momentum: 0.99 } as const;

/** ResNet50 (He et al. 2015), as keras.applications.ResNet50. */
export const resNet50: Backbone = {
  name: "ResNet50",
  defaultSize: 224,
  minSize: 32,
  preprocessing: "caffe",
  batchNormMomentum: BATCH_NORM.momentum,
  hasAlpha: false,
  build(layers, image, config) {
    // Stem: 112 x 112 x 64
    let x = layers.zeroPadding2D(image, { padding: sides(3), name: "conv1_pad" });
    x = layers.conv2D(x, { filters: 64, kernelSize: 7, strides: 2, name: "conv1_conv" });
    x = layers.batchNormalization(x, { ...BATCH_NORM, name: "conv1_bn" });
    x = layers.activation(x, { activation: "relu", name: "conv1_relu" });
    // 56 x 56 x 64
    x = layers.zeroPadding2D(x, { padding: sides(1), name: "pool1_pad" });
    x = layers.maxPooling2D(x, { poolSize: 3, strides: 2, name: "pool1_pool" });

    // 56 x 56 x 256
    x = stack(layers, x, { name: "conv2", width: 64, blocks: 3, strides: 1 });
    // 28 x 28 x 512
    x = stack(layers, x, { name: "conv3", width: 128, blocks: 4, strides: 2 });
    // 14 x 14 x 1024
    x = stack(layers, x, { name: "conv4", width: 256, blocks: 6, strides: 2 });
    // 7 x 7 x 2048
    x = stack(layers, x, { name: "conv5", width: 512, blocks: 3, strides: 2 });
    return denseTopOrPooling(layers, x, config, { top: "avg_pool", avg: "avg_pool", max: "max_pool" });
  },
};

const sides = (amount: number) =>
  [
    [amount, amount],
    [amount, amount],
  ] as const;

/** Blocks of one size; the first has the stride and projects its input. */
function stack(
  layers: Layers,
  input: Tensor,
  stage: { name: string; width: number; blocks: number; strides: 1 | 2 },
): Tensor {
  let x = input;
  for (let i = 1; i <= stage.blocks; i++) {
    const name = `${stage.name}_block${i}`;
    const strides = i === 1 ? stage.strides : 1;
    const block = { name, width: stage.width, strides, projects: i === 1 };
    x = layers.block(name, () => bottleneck(layers, x, block));
  }
  return x;
}

/** A 1x1 convolution down to `width`, a 3x3, a 1x1 to four times the width; adds the input or a projection of it. */
function bottleneck(
  layers: Layers,
  input: Tensor,
  block: { name: string; width: number; strides: 1 | 2; projects: boolean },
): Tensor {
  const { name, width, strides, projects } = block;
  let shortcut = input;
  if (projects) {
    shortcut = layers.conv2D(input, { filters: 4 * width, kernelSize: 1, strides, name: `${name}_0_conv` });
    shortcut = layers.batchNormalization(shortcut, { ...BATCH_NORM, name: `${name}_0_bn` });
  }
  let x = layers.conv2D(input, { filters: width, kernelSize: 1, strides, name: `${name}_1_conv` });
  x = layers.batchNormalization(x, { ...BATCH_NORM, name: `${name}_1_bn` });
  x = layers.activation(x, { activation: "relu", name: `${name}_1_relu` });
  x = layers.conv2D(x, { filters: width, kernelSize: 3, padding: "same", name: `${name}_2_conv` });
  x = layers.batchNormalization(x, { ...BATCH_NORM, name: `${name}_2_bn` });
  x = layers.activation(x, { activation: "relu", name: `${name}_2_relu` });
  x = layers.conv2D(x, { filters: 4 * width, kernelSize: 1, name: `${name}_3_conv` });
  // A residual branch starts at zero, so that a network with random weights starts shallow (Goyal et al. 2017).
  x = layers.batchNormalization(x, { ...BATCH_NORM, gammaInitializer: "zeros", name: `${name}_3_bn` });
  x = layers.add([shortcut, x], { name: `${name}_add` });
  return layers.activation(x, { activation: "relu", name: `${name}_out` });
}
