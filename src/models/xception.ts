// Xception: residual blocks of separable convolutions (Chollet 2016), named and structured as
// keras.applications.Xception. Sizes in comments are those of a 299 x 299 image.

import type { Tensor } from "../graph/graph.ts";
import type { Initializer } from "../nn/initializers.ts";
import type { Layers } from "../nn/layers.ts";
import { type Backbone, denseTopOrPooling } from "./backbone.ts";

const BATCH_NORM = { epsilon: 1e-3, momentum: 0.99 } as const;

/** Xception (Chollet 2016), as keras.applications.Xception. */
export const xception: Backbone = {
  name: "Xception",
  defaultSize: 299,
  minSize: 71,
  preprocessing: "tf",
  batchNormMomentum: BATCH_NORM.momentum,
  hasAlpha: false,
  build(layers, image, config) {
    // Entry flow: 147 x 147 x 64
    let x = layers.block("block_1", () => stem(layers, image));
    // 74 x 74 x 128; its input has been through a ReLU already
    x = layers.block("block_2", () => {
      const shortcut = projection(layers, x, 128);
      let y = separable(layers, x, { name: "block2_sepconv1", filters: 128 });
      y = reluSeparable(layers, y, { name: "block2_sepconv2", filters: 128 });
      return halved(layers, y, shortcut, "block2_pool");
    });
    // 37 x 37 x 256
    x = layers.block("block_3", () => downsampling(layers, x, { name: "block3", inner: 256, filters: 256 }));
    // 19 x 19 x 728
    x = layers.block("block_4", () => downsampling(layers, x, { name: "block4", inner: 728, filters: 728 }));

    // Middle flow: 19 x 19 x 728
    for (let i = 5; i <= 12; i++) x = layers.block(`block_${i}`, () => residual(layers, x, `block${i}`));

    // Exit flow: 10 x 10 x 1024
    x = layers.block("block_13", () =>
      downsampling(layers, x, { name: "block13", inner: 728, filters: 1024 }),
    );
    // 10 x 10 x 2048
    x = layers.block("block_14", () => {
      let y = separable(layers, x, { name: "block14_sepconv1", filters: 1536 });
      y = layers.activation(y, { activation: "relu", name: "block14_sepconv1_act" });
      y = separable(layers, y, { name: "block14_sepconv2", filters: 2048 });
      return layers.activation(y, { activation: "relu", name: "block14_sepconv2_act" });
    });
    return denseTopOrPooling(layers, x, config, { top: "avg_pool" });
  },
};

function stem(layers: Layers, image: Tensor): Tensor {
  // 149 x 149 x 32
  let x = layers.conv2D(image, {
    filters: 32,
    kernelSize: 3,
    strides: 2,
    useBias: false,
    name: "block1_conv1",
  });
  x = layers.batchNormalization(x, { ...BATCH_NORM, name: "block1_conv1_bn" });
  x = layers.activation(x, { activation: "relu", name: "block1_conv1_act" });
  // 147 x 147 x 64
  x = layers.conv2D(x, { filters: 64, kernelSize: 3, useBias: false, name: "block1_conv2" });
  x = layers.batchNormalization(x, { ...BATCH_NORM, name: "block1_conv2_bn" });
  return layers.activation(x, { activation: "relu", name: "block1_conv2_act" });
}

/** Two separable convolutions and a maximum pool that halves the size, plus a strided projection of the input. */
function downsampling(
  layers: Layers,
  input: Tensor,
  block: { name: string; inner: number; filters: number },
): Tensor {
  const { name, inner, filters } = block;
  const shortcut = projection(layers, input, filters);
  let x = reluSeparable(layers, input, { name: `${name}_sepconv1`, filters: inner });
  x = reluSeparable(layers, x, { name: `${name}_sepconv2`, filters });
  return halved(layers, x, shortcut, `${name}_pool`);
}

/** Three separable convolutions added to their input. */
function residual(layers: Layers, input: Tensor, name: string): Tensor {
  const filters = 728;
  let x = reluSeparable(layers, input, { name: `${name}_sepconv1`, filters });
  x = reluSeparable(layers, x, { name: `${name}_sepconv2`, filters });
  // A residual branch starts at zero, so that a network with random weights starts shallow (Goyal et al. 2017).
  x = reluSeparable(layers, x, { name: `${name}_sepconv3`, filters, gammaInitializer: "zeros" });
  return layers.add([x, input]);
}

/** The shortcut of a block that halves the size. */
function projection(layers: Layers, x: Tensor, filters: number): Tensor {
  const y = layers.conv2D(x, { filters, kernelSize: 1, strides: 2, padding: "same", useBias: false });
  return layers.batchNormalization(y, BATCH_NORM);
}

function halved(layers: Layers, x: Tensor, shortcut: Tensor, name: string): Tensor {
  const y = layers.maxPooling2D(x, { poolSize: 3, strides: 2, padding: "same", name });
  return layers.add([y, shortcut]);
}

interface Separable {
  readonly name: string;
  readonly filters: number;
  readonly gammaInitializer?: Initializer;
}

function reluSeparable(layers: Layers, x: Tensor, convolution: Separable): Tensor {
  const y = layers.activation(x, { activation: "relu", name: `${convolution.name}_act` });
  return separable(layers, y, convolution);
}

/** A 3x3 separable convolution without bias, and batch norm. */
function separable(layers: Layers, x: Tensor, convolution: Separable): Tensor {
  const { name, filters, gammaInitializer = "ones" } = convolution;
  const y = layers.separableConv2D(x, { filters, kernelSize: 3, padding: "same", useBias: false, name });
  return layers.batchNormalization(y, { ...BATCH_NORM, gammaInitializer, name: `${name}_bn` });
}
