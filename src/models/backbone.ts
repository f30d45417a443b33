// What a backbone is: a builder that adds a network to a graph, with its Keras arguments.

import type { Tensor } from "../graph/graph.ts";
import type { Layers } from "../nn/layers.ts";
import type { PreprocessMode } from "../ops/image/preprocess.ts";

/** Keras' arguments of an application, in camelCase. */
export interface BackboneConfig {
  /** Width multiplier, for backbones that have one. */
  readonly alpha?: number;
  readonly includeTop?: boolean;
  /** Used if there is no top: the average or maximum over space, or null for the feature map. */
  readonly pooling?: "avg" | "max" | null;
  /** Classes of the top. */
  readonly classes?: number;
  /**
   * EfficientNet divides by the square roots of ImageNet's deviations a second time. Keras' ImageNet weights need that,
   * because they keep deviations where its normalization takes variances; Keras leaves it out for other weights or
   * none.
   */
  readonly imagenetRescaling?: boolean;
}

/** The widest images, in pixels: far beyond any backbone; a batch of such images still fits the memory of a machine. */
export const MAX_SIZE = 4096;

/** A backbone: facts about the network, and the function that adds its layers to a graph. */
export interface Backbone {
  /** Keras' name, such as `MobileNetV2`. */
  readonly name: string;
  /** Width and height of the images it was trained on, in pixels. */
  readonly defaultSize: number;
  /** The smallest images it takes. */
  readonly minSize: number;
  /** The pixel range that its ImageNet weights expect: Keras' modes of `preprocess_input`. */
  readonly preprocessing: PreprocessMode;
  /** Momentum of its batch norms. */
  readonly batchNormMomentum: number;
  readonly hasAlpha: boolean;
  /** Whether loaded weights need `imagenetRescaling`; absent if none do. */
  wantsImagenetRescaling?(weights: ReadonlyMap<string, ArrayLike<number>>): boolean;
  /**
   * Adds the network.
   * @param image [N,H,W,3], already preprocessed.
   * @returns features [N,C] or [N,h,w,C], or with the top the probabilities [N,classes].
   */
  build(layers: Layers, image: Tensor, config: BackboneConfig): Tensor;
}

/** The nearest multiple of `divisor` that is not more than 10% below the value, at least `divisor`. */
export function makeDivisible(value: number, divisor: number): number {
  const rounded = Math.max(divisor, Math.floor((value + divisor / 2) / divisor) * divisor);
  return rounded < 0.9 * value ? rounded + divisor : rounded;
}

/** The padding with which a strided "valid" convolution matches the original TensorFlow models. */
export function correctPad(
  x: Tensor,
  kernelSize: number,
): readonly [readonly [number, number], readonly [number, number]] {
  const half = Math.floor(kernelSize / 2);
  const [, height = 0, width = 0] = x.shape;
  return [
    [half - (1 - (height % 2)), half],
    [half - (1 - (width % 2)), half],
  ];
}

/** A depthwise convolution without bias; if its stride is above 1, zero padding comes first (`correctPad`). */
export function stridedDepthwise(
  layers: Layers,
  input: Tensor,
  options: { kernelSize: 3 | 5; strides: 1 | 2; name: string; padName: string },
): Tensor {
  const { kernelSize, strides, name, padName } = options;
  if (strides === 1)
    return layers.depthwiseConv2D(input, { kernelSize, padding: "same", useBias: false, name });
  const x = layers.zeroPadding2D(input, { padding: correctPad(input, kernelSize), name: padName });
  return layers.depthwiseConv2D(x, { kernelSize, strides, useBias: false, name });
}

/** Keras' names for a network's global pools; a pool without a name is named after its class. */
export interface PoolNames {
  /** The average before a top. */
  readonly top?: string;
  /** The pools of a network without a top. */
  readonly avg?: string;
  readonly max?: string;
}

const named = (name: string | undefined) => (name === undefined ? {} : { name });

/** Global pooling and a dense softmax called `predictions`; without a top, the pooling asked for. */
export function denseTopOrPooling(
  layers: Layers,
  x: Tensor,
  config: BackboneConfig,
  names: PoolNames = {},
): Tensor {
  const { includeTop = true, classes = 1000 } = config;
  if (!includeTop) return poolFeatures(layers, x, config, names);
  const pooled = layers.globalAveragePooling2D(x, named(names.top));
  return layers.dense(pooled, { units: classes, activation: "softmax", name: "predictions" });
}

/** The pooling of a network without a top. */
export function poolFeatures(
  layers: Layers,
  x: Tensor,
  { pooling = null }: BackboneConfig,
  names: PoolNames = {},
): Tensor {
  if (pooling === "avg") return layers.globalAveragePooling2D(x, named(names.avg));
  return pooling === "max" ? layers.globalMaxPooling2D(x, named(names.max)) : x;
}
