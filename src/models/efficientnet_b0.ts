// EfficientNetB0: inverted residuals that weigh their channels by squeeze and excitation (Tan and Le 2019), named
// and structured as keras.applications.EfficientNetB0. Sizes in comments are those of a 224 x 224 image.

import type { Tensor } from "../graph/graph.ts";
import type { Layers } from "../nn/layers.ts";
import { type Backbone, correctPad, poolFeatures, stridedDepthwise } from "./backbone.ts";
import { squeezeAndExcite } from "./efficientnet.ts";

const BATCH_NORM = { epsilon: 1e-3, momentum: 0.99 } as const;
/** Standard deviations of ImageNet's red, green and blue, of pixels between 0 and 1. */
const IMAGENET_DEVIATIONS = [0.229, 0.224, 0.225] as const;
/** Residual branches are dropped with a probability that grows from 0 towards this. */
const DROP_CONNECT_RATE = 0.2;
const BLOCKS = 16;

/** EfficientNetB0 (Tan and Le 2019), as keras.applications.EfficientNetB0. */
export const efficientNetB0: Backbone = {
  name: "EfficientNetB0",
  defaultSize: 224,
  minSize: 32,
  preprocessing: "none",
  batchNormMomentum: BATCH_NORM.momentum,
  hasAlpha: false,
  wantsImagenetRescaling: (weights) => wantsImagenetRescaling(weights.get("normalization/variance") ?? []),
  build(layers, image, config) {
    const { includeTop = true, classes = 1000, imagenetRescaling = false } = config;
    let index = 0;
    const block = (x: Tensor, id: string, filters: number, options: Partial<BlockOptions> = {}) => {
      const rate = (DROP_CONNECT_RATE * index) / BLOCKS;
      const all = { kernelSize: 3, strides: 1, expansion: 6, ...options } as const;
      return layers.block(`block_${index++}`, () =>
        mobileBlock(layers, x, { prefix: `block${id}_`, filters, rate, ...all }),
      );
    };

    // Pixels 0..255 to mean 0 and variance 1: 224 x 224 x 3
    let x = layers.rescaling(image, { scale: 1 / 255 });
    x = layers.normalization(x);
    if (imagenetRescaling) {
      x = layers.rescaling(x, { scale: IMAGENET_DEVIATIONS.map((deviation) => 1 / Math.sqrt(deviation)) });
    }

    // Stem: 112 x 112 x 32
    x = layers.zeroPadding2D(x, { padding: correctPad(x, 3), name: "stem_conv_pad" });
    x = layers.conv2D(x, { filters: 32, kernelSize: 3, strides: 2, useBias: false, name: "stem_conv" });
    x = layers.batchNormalization(x, { ...BATCH_NORM, name: "stem_bn" });
    x = layers.activation(x, { activation: "swish", name: "stem_activation" });

    // 112 x 112 x 16
    x = block(x, "1a", 16, { expansion: 1 });
    // 56 x 56 x 24
    x = block(x, "2a", 24, { strides: 2 });
    x = block(x, "2b", 24);
    // 28 x 28 x 40
    x = block(x, "3a", 40, { kernelSize: 5, strides: 2 });
    x = block(x, "3b", 40, { kernelSize: 5 });
    // 14 x 14 x 80
    x = block(x, "4a", 80, { strides: 2 });
    x = block(x, "4b", 80);
    x = block(x, "4c", 80);
    // 14 x 14 x 112
    x = block(x, "5a", 112, { kernelSize: 5 });
    x = block(x, "5b", 112, { kernelSize: 5 });
    x = block(x, "5c", 112, { kernelSize: 5 });
    // 7 x 7 x 192
    x = block(x, "6a", 192, { kernelSize: 5, strides: 2 });
    x = block(x, "6b", 192, { kernelSize: 5 });
    x = block(x, "6c", 192, { kernelSize: 5 });
    x = block(x, "6d", 192, { kernelSize: 5 });
    // 7 x 7 x 320
    x = block(x, "7a", 320);

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

/**
 * Whether weights want `imagenetRescaling`. Keras' ImageNet files were trained on pixels divided by the deviation, but
 * they store the deviation where the layer takes a variance, and it divides by its square root only.
 * @param variance of the layer `normalization`, one value a channel.
 */
export function wantsImagenetRescaling(variance: ArrayLike<number>): boolean {
  return (
    variance.length === IMAGENET_DEVIATIONS.length &&
    IMAGENET_DEVIATIONS.every((deviation, i) => Math.abs((variance[i] ?? 0) - deviation) < 1e-4)
  );
}

interface BlockOptions {
  readonly kernelSize: 3 | 5;
  readonly strides: 1 | 2;
  /** The width of the block's inside as a multiple of its input's. */
  readonly expansion: 1 | 6;
}

interface MobileBlock extends BlockOptions {
  readonly prefix: string;
  readonly filters: number;
  /** Probability that a sample skips the branch in training. */
  readonly rate: number;
}

/** Expands, filters each channel, reweights the channels, projects back; adds the input if the shapes match. */
function mobileBlock(layers: Layers, input: Tensor, block: MobileBlock): Tensor {
  const { prefix, filters, kernelSize, strides, expansion, rate } = block;
  const channels = input.shape[3] ?? 0;
  let x = input;
  if (expansion !== 1) {
    x = layers.conv2D(x, {
      filters: expansion * channels,
      kernelSize: 1,
      padding: "same",
      useBias: false,
      name: `${prefix}expand_conv`,
    });
    x = layers.batchNormalization(x, { ...BATCH_NORM, name: `${prefix}expand_bn` });
    x = layers.activation(x, { activation: "swish", name: `${prefix}expand_activation` });
  }
  x = stridedDepthwise(layers, x, {
    kernelSize,
    strides,
    name: `${prefix}dwconv`,
    padName: `${prefix}dwconv_pad`,
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
  const isResidual = strides === 1 && channels === filters;
  // A residual branch starts at zero, so that a network with random weights starts shallow (Goyal et al. 2017).
  const gammaInitializer = isResidual ? "zeros" : "ones";
  x = layers.batchNormalization(x, { ...BATCH_NORM, gammaInitializer, name: `${prefix}project_bn` });
  if (!isResidual) return x;
  x = layers.dropout(x, { rate, noiseShape: [null, 1, 1, 1], name: `${prefix}drop` });
  return layers.add([x, input], { name: `${prefix}add` });
}
