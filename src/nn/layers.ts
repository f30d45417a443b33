// Layers: functions that add nodes and weights to a graph, with the names and parameters of Keras. A layer's weights
// are graph variables called `layer/weight`. A layer without a name is named after its class with a count per class
// (`conv2d`, `conv2d_1`), as in a fresh Keras session. Layers with weights are in weighted_layers.ts.

import { WeftError } from "../base/errors.ts";
import type { SidePadding } from "../graph/attributes.ts";
import type { Tensor } from "../graph/graph.ts";
import { add, multiply } from "../ops/elementwise/binary.ts";
import { dropout } from "../ops/elementwise/dropout.ts";
import { scaledAdd } from "../ops/elementwise/scaled_add.ts";
import { rescale } from "../ops/image/rescale.ts";
import { concat } from "../ops/layout/concat.ts";
import { reshape } from "../ops/layout/reshape.ts";
import { crop2d, zeroPad2d } from "../ops/layout/zero_pad2d.ts";
import { avgPool2d } from "../ops/pooling/avg_pool2d.ts";
import { globalAvgPool2d } from "../ops/pooling/global_avg_pool2d.ts";
import { globalMaxPool2d } from "../ops/pooling/global_max_pool2d.ts";
import { maxPool2d } from "../ops/pooling/max_pool2d.ts";
import { type Activation, activate } from "./activations.ts";
import { type KerasConfig, type Named, type PairOrNumber, pairOf, type Window } from "./layer_scope.ts";
import { WeightedLayers } from "./weighted_layers.ts";

interface Pool extends Window {
  /** 2 by default. */
  readonly poolSize?: PairOrNumber;
}

/** Adds layers of every kind to a graph and records their weights and outputs. */
export class Layers extends WeightedLayers {
  /** ReLU, capped at `maxValue` 6 if given. */
  reLU(x: Tensor, options: Named & { readonly maxValue?: 6 } = {}): Tensor {
    const { maxValue } = options;
    const name = this.nameOf("re_lu", options.name);
    const y = activate(this.graph, x, maxValue ? "relu6" : "relu", name);
    return this.record(name, "ReLU", { max_value: maxValue ?? null }, [x], y);
  }

  /** Activation: one of Keras' functions by name. */
  activation(x: Tensor, options: Named & { readonly activation: Exclude<Activation, "linear"> }): Tensor {
    const { activation } = options;
    const name = this.nameOf("activation", options.name);
    return this.record(name, "Activation", { activation }, [x], activate(this.graph, x, activation, name));
  }

  /** Add: the sum of two or more tensors of one shape. */
  add(tensors: readonly [Tensor, Tensor, ...Tensor[]], options: Named = {}): Tensor {
    const name = this.nameOf("add", options.name);
    const y = tensors.reduce((a, b) => this.graph.applyOne(add, { a, b }, {}, name));
    return this.record(name, "Add", {}, tensors, y);
  }

  /** Multiply: the products of two tensors; b may be [N,1,1,C]. */
  multiply(a: Tensor, b: Tensor, options: Named = {}): Tensor {
    const name = this.nameOf("multiply", options.name);
    return this.record(name, "Multiply", {}, [a, b], this.graph.applyOne(multiply, { a, b }, {}, name));
  }

  /** Concatenate along an axis, the last by default. */
  concatenate(tensors: readonly Tensor[], options: Named & { readonly axis?: number } = {}): Tensor {
    const { axis = -1 } = options;
    const name = this.nameOf("concatenate", options.name);
    const inputs = Object.fromEntries(tensors.map((tensor, i) => [`x${i}`, tensor]));
    return this.record(
      name,
      "Concatenate",
      { axis },
      tensors,
      this.graph.applyOne(concat, inputs, { axis }, name),
    );
  }

  /** CustomScaleLayer of Keras' InceptionResNetV2: x + scale · residual. */
  customScale(x: Tensor, residual: Tensor, options: Named & { readonly scale: number }): Tensor {
    const { scale } = options;
    const name = this.nameOf("custom_scale_layer", options.name);
    const y = this.graph.applyOne(scaledAdd, { x, r: residual }, { scale }, name);
    return this.record(name, "CustomScaleLayer", { scale }, [x, residual], y);
  }

  /** ZeroPadding2D: rows and columns of zeros, [[top, bottom], [left, right]]. */
  zeroPadding2D(x: Tensor, options: Named & { readonly padding: SidePadding }): Tensor {
    const { padding } = options;
    const name = this.nameOf("zero_padding2d", options.name);
    const y = this.graph.applyOne(zeroPad2d, { x }, { amounts: padding }, name);
    return this.record(name, "ZeroPadding2D", { padding }, [x], y);
  }

  /** Cropping2D: leaves rows and columns out, [[top, bottom], [left, right]]. */
  cropping2D(x: Tensor, options: Named & { readonly cropping: SidePadding }): Tensor {
    const { cropping } = options;
    const name = this.nameOf("cropping2d", options.name);
    const y = this.graph.applyOne(crop2d, { x }, { amounts: cropping }, name);
    return this.record(name, "Cropping2D", { cropping }, [x], y);
  }

  /** MaxPooling2D; padding is never the maximum. */
  maxPooling2D(x: Tensor, options: Pool = {}): Tensor {
    const name = this.nameOf("max_pooling2d", options.name);
    const { attrs, config } = poolOf(options);
    return this.record(name, "MaxPooling2D", config, [x], this.graph.applyOne(maxPool2d, { x }, attrs, name));
  }

  /** AveragePooling2D; padding is not counted. */
  averagePooling2D(x: Tensor, options: Pool = {}): Tensor {
    const name = this.nameOf("average_pooling2d", options.name);
    const { attrs, config } = poolOf(options);
    const y = this.graph.applyOne(avgPool2d, { x }, attrs, name);
    return this.record(name, "AveragePooling2D", config, [x], y);
  }

  /** GlobalAveragePooling2D: x [N,H,W,C] to [N,C], or [N,1,1,C] with `keepDims`. */
  globalAveragePooling2D(x: Tensor, options: Named & { readonly keepDims?: boolean } = {}): Tensor {
    const { keepDims = false } = options;
    const name = this.nameOf("global_average_pooling2d", options.name);
    const pooled = this.graph.applyOne(globalAvgPool2d, { x }, {}, name);
    const y = keepDims ? this.reshaped(pooled, [1, 1, x.shape[3] ?? 0], name) : pooled;
    return this.record(name, "GlobalAveragePooling2D", { keepdims: keepDims }, [x], y);
  }

  /** GlobalMaxPooling2D: x [N,H,W,C] to [N,C]. */
  globalMaxPooling2D(x: Tensor, options: Named = {}): Tensor {
    const name = this.nameOf("global_max_pooling2d", options.name);
    const y = this.graph.applyOne(globalMaxPool2d, { x }, {}, name);
    return this.record(name, "GlobalMaxPooling2D", { keepdims: false }, [x], y);
  }

  /** Reshape: the same elements in another shape; the batch stays first and is not part of `targetShape`. */
  reshape(x: Tensor, options: Named & { readonly targetShape: readonly number[] }): Tensor {
    const { targetShape } = options;
    const name = this.nameOf("reshape", options.name);
    const y = this.reshaped(x, targetShape, name);
    return this.record(name, "Reshape", { target_shape: targetShape }, [x], y);
  }

  /** Rescaling: scale · x + offset; for an image of at most four channels, one factor per channel may be given. */
  rescaling(
    x: Tensor,
    options: Named & { readonly scale: number | readonly number[]; readonly offset?: number },
  ): Tensor {
    const { scale, offset = 0 } = options;
    const name = this.nameOf("rescaling", options.name);
    const channels = x.shape.at(-1) ?? 0;
    const scales = typeof scale === "number" ? Array.from({ length: channels }, () => scale) : scale;
    const y = this.graph.applyOne(rescale, { x }, { scale: scales, offset: scales.map(() => offset) }, name);
    return this.record(name, "Rescaling", { scale, offset }, [x], y);
  }

  /** Dropout; does nothing outside training, and at rate 0. With `noiseShape` whole samples are dropped. */
  dropout(
    x: Tensor,
    options: Named & { readonly rate: number; readonly noiseShape?: readonly [null, 1, 1, 1] },
  ): Tensor {
    const { rate, noiseShape = null } = options;
    const name = this.nameOf("dropout", options.name);
    const config = { rate, noise_shape: noiseShape };
    const { training, dropoutSeed } = this.options;
    if (!training || rate === 0) return this.record(name, "Dropout", config, [x], x);
    if (!dropoutSeed) throw new WeftError(`${name}: training with dropout needs a dropoutSeed`);
    const attrs = { rate, salt: this.records.length, perSample: noiseShape !== null };
    const y = this.graph.applyOne(dropout, { x, seed: dropoutSeed }, attrs, name);
    return this.record(name, "Dropout", config, [x], y);
  }

  private reshaped(x: Tensor, targetShape: readonly number[], name: string): Tensor {
    return this.graph.applyOne(reshape, { x }, { shape: [x.shape[0] ?? 0, ...targetShape] }, name);
  }
}

function poolOf({ poolSize = 2, strides = poolSize, padding = "valid" }: Pool): {
  readonly attrs: {
    readonly size: readonly [number, number];
    readonly strides: readonly [number, number];
    readonly padding: "valid" | "same";
  };
  readonly config: KerasConfig;
} {
  const attrs = { size: pairOf(poolSize), strides: pairOf(strides), padding };
  return { attrs, config: { pool_size: attrs.size, strides: attrs.strides, padding } };
}
