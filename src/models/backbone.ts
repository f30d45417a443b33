// What a backbone is: a builder that adds a network to a graph, with its Keras arguments.

import type { Tensor } from "../graph/graph.ts";
import type { Layers } from "../nn/layers.ts";
import type { PreprocessMode } from "../ops/preprocess.ts";

/** Keras' arguments of an application, in camelCase. */
export interface BackboneConfig {
  /** Width multiplier, for backbones that have one. */
  readonly alpha?: number;
  readonly includeTop?: boolean;
  /** Applied where there is no top: averages or maxima over space, or null for the feature map. */
  readonly pooling?: "avg" | "max" | null;
  /** Classes of the top. */
  readonly classes?: number;
}

export interface Backbone {
  /** Keras' name, such as `MobileNetV2`. */
  readonly name: string;
  /** Width and height of the images it was trained on, in pixels. */
  readonly defaultSize: number;
  /** The smallest images it takes. */
  readonly minSize: number;
  /** How its ImageNet weights want pixels: Keras' modes of `preprocess_input`. */
  readonly preprocessing: PreprocessMode;
  /** Momentum of its batch norms. */
  readonly batchNormMomentum: number;
  readonly hasAlpha: boolean;
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
