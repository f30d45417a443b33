// EfficientNetV2B0: its early blocks use full convolutions instead of depthwise ones (Tan and Le 2021). Names and
// structure are those of keras.applications.EfficientNetV2B0. Sizes in comments are those of a 224 x 224 image.

import type { Tensor } from "../graph/graph.ts";
import type { Layers } from "../nn/layers.ts";
import { type Backbone, poolFeatures } from "./backbone.ts";
import { squeezeAndExcite } from "./efficientnet.ts";

const BATCH_NORM = { epsilon: 1e-3, momentum: 0.9 } as const;
/** ImageNet's red, green and blue, of pixels between 0 and 1. */
const IMAGENET_MEAN = [0.485, 0.456, 0.406] as const;
const IMAGENET_VARIANCE = [0.229 ** 2, 0.224 ** 2, 0.225 ** 2] as const;
/** Residual branches are dropped with a probability that grows from 0 towards this. */
const DROP_CONNECT_RATE = 0.2;
const BLOCKS = 21;

/** EfficientNetV2B0 (Tan and Le 2021), as keras.applications.EfficientNetV2B0. */
export const efficientNetV2B0: Backbone = {
  name: "EfficientNetV2B0",
  defaultSize: 224,
  minSize: 32,
  preprocessing: "none",
  batchNormMomentum: BATCH_NORM.momentum,
  hasAlpha: false,
  build(layers, image, config) {
    const { includeTop = true, classes = 1000 } = config;
    let index = 0;
    /** `repeats` blocks of one kind; the first one has the stride and changes the number of channels. */
    const stage = (x: Tensor, id: number, build: BlockBuilder, repeats: number, options: StageOptions) => {
      for (let repeat = 0; repeat < repeats; repeat++) {
        const prefix = `block${id}${"abcdefgh"[repeat]}_`;
        const rate = (DROP_CONNECT_RATE * index) / BLOCKS;
        const strides = repeat === 0 ? options.strides : 1;
        const input = x;
        x = layers.block(`block_${index++}`, () =>
          build(layers, input, { ...options, strides, prefix, rate }),
        );
      }
      return x;
    };

    // Pixels 0..255 to mean 0 and variance 1: 224 x 224 x 3
    let x = layers.rescaling(image, { scale: 1 / 255 });
    x = layers.normalization(x, { mean: IMAGENET_MEAN, variance: IMAGENET_VARIANCE });

    // Stem: 112 x 112 x 32
    x = layers.conv2D(x, {
      filters: 32,
      kernelSize: 3,
      strides: 2,
      padding: "same",
      useBias: false,
      name: "stem_conv",
    });
    x = layers.batchNormalization(x, { ...BATCH_NORM, name: "stem_bn" });
    x = layers.activation(x, { activation: "swish", name: "stem_activation" });

    // 112 x 112 x 16
    x = stage(x, 1, fusedMobileBlock, 1, { filters: 16, strides: 1, expansion: 1 });
    // 56 x 56 x 32
    x = stage(x, 2, fusedMobileBlock, 2, { filters: 32, strides: 2, expansion: 4 });
    // 28 x 28 x 48
    x = stage(x, 3, fusedMobileBlock, 2, { filters: 48, strides: 2, expansion: 4 });
    // 14 x 14 x 96
    x = stage(x, 4, mobileBlock, 3, { filters: 96, strides: 2, expansion: 4 });
    // 14 x 14 x 112
    x = stage(x, 5, mobileBlock, 5, { filters: 112, strides: 1, expansion: 6 });
    // 7 x 7 x 192
    x = stage(x, 6, mobileBlock, 8, { filters: 192, strides: 2, expansion: 6 });

    // Head: 7 x 7 x 1280
    x = layers.conv2D(x, { filters: 1280, kernelSize: 1, padding: "same", useBias: false, name: "top_conv" });
    x = layers.batchNormalization(x, { ...BATCH_NORM, name: "top_bn" });
    x = layers.activation(x, { activation: "swish", name: "top_activation" });
    if (!includeTop) return poolFeatures(layers, x, config, { avg: "avg_pool", max: "max_pool" });
    x = layers.globalAveragePooling2D(x, { name: "avg_pool" });
    x = layers.dropout(x, { rate: 0.2, name: "top_dropout" });
    return layers.dense(x, { units: classes, activation: "softmax", name: "predictions" });
  },
};

interface StageOptions {
  readonly filters: number;
  readonly strides: 1 | 2;
  /** The width of the block's inside as a multiple of its input's. */
  readonly expansion: 1 | 4 | 6;
}

interface BlockOptions extends StageOptions {
  readonly prefix: string;
  /** Probability that a sample skips the branch in training. */
  readonly rate: number;
}

type BlockBuilder = (layers: Layers, input: Tensor, block: BlockOptions) => Tensor;

/** Expands, filters each channel, reweights the channels, projects back; adds the input if the shapes match. */
function mobileBlock(layers: Layers, input: Tensor, block: BlockOptions): Tensor {
  const { prefix, filters, strides, expansion } = block;
  const channels = input.shape[3] ?? 0;
  let x = layers.conv2D(input, {
    filters: expansion * channels,
    kernelSize: 1,
    padding: "same",
    useBias: false,
    name: `${prefix}expand_conv`,
  });
  x = layers.batchNormalization(x, { ...BATCH_NORM, name: `${prefix}expand_bn` });
  x = layers.activation(x, { activation: "swish", name: `${prefix}expand_activation` });
  x = layers.depthwiseConv2D(x, {
    kernelSize: 3,
    strides,
    padding: "same",
    useBias: false,
    name: `${prefix}dwconv2`,
  });
  x = layers.batchNormalization(x, { ...BATCH_NORM, name: `${prefix}bn` });
  x = layers.activation(x, { activation: "swish", name: `${prefix}activation` });
  x = squeezeAndExcite(layers, x, Math.floor(channels / 4), prefix);
  x = layers.conv2D(x, {
    filters,
    kernelSize: 1,
    padding: "same",
    useBias: false,
    name: `${prefix}project_conv`,
  });
  return addBranch(layers, input, x, block);
}

/** Expands and filters by one convolution and projects back; without an expansion the projection filters. */
function fusedMobileBlock(layers: Layers, input: Tensor, block: BlockOptions): Tensor {
  const { prefix, filters, strides, expansion } = block;
  if (expansion === 1) {
    const x = layers.conv2D(input, {
      filters,
      kernelSize: 3,
      strides,
      padding: "same",
      useBias: false,
      name: `${prefix}project_conv`,
    });
    return addBranch(layers, input, x, block, (y) =>
      layers.activation(y, { activation: "swish", name: `${prefix}project_activation` }),
    );
  }
  let x = layers.conv2D(input, {
    filters: expansion * (input.shape[3] ?? 0),
    kernelSize: 3,
    strides,
    padding: "same",
    useBias: false,
    name: `${prefix}expand_conv`,
  });
  x = layers.batchNormalization(x, { ...BATCH_NORM, name: `${prefix}expand_bn` });
  x = layers.activation(x, { activation: "swish", name: `${prefix}expand_activation` });
  x = layers.conv2D(x, {
    filters,
    kernelSize: 1,
    padding: "same",
    useBias: false,
    name: `${prefix}project_conv`,
  });
  return addBranch(layers, input, x, block);
}

/** Normalises a block's projection and adds the block's input if the shapes match. */
function addBranch(
  layers: Layers,
  input: Tensor,
  projected: Tensor,
  { prefix, filters, strides, rate }: BlockOptions,
  activate: (x: Tensor) => Tensor = (x) => x,
): Tensor {
  const isResidual = strides === 1 && input.shape[3] === filters;
  // A residual branch starts at zero, so that a network with random weights starts shallow (Goyal et al. 2017).
  const gammaInitializer = isResidual ? "zeros" : "ones";
  let x = layers.batchNormalization(projected, {
    ...BATCH_NORM,
    gammaInitializer,
    name: `${prefix}project_bn`,
  });
  x = activate(x);
  if (!isResidual) return x;
  x = layers.dropout(x, { rate, noiseShape: [null, 1, 1, 1], name: `${prefix}drop` });
  return layers.add([x, input], { name: `${prefix}add` });
}
