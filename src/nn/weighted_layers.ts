// Layers with weights: convolutions, normalisations and dense layers.

import type { Tensor } from "../graph/graph.ts";
import { batchNorm } from "../ops/batch_norm/batch_norm.ts";
import { conv2d } from "../ops/conv2d/conv2d.ts";
import { dense } from "../ops/conv2d/dense.ts";
import { depthwiseConv2d } from "../ops/conv2d/depthwise_conv2d.ts";
import { rescale } from "../ops/image/rescale.ts";
import { type Activation, activate } from "./activations.ts";
import type { Initializer } from "./initializers.ts";
import { LayerScope, type Named, type PairOrNumber, pairOf, type Window } from "./layer_scope.ts";
import { kernelInput } from "./mixed_precision.ts";

/** Adds layers that have weights. */
export class WeightedLayers extends LayerScope {
  /** Conv2D: x [N,H,W,C] to [N,P,Q,filters]; kernel [R,S,C/groups,filters]. */
  conv2D(
    x: Tensor,
    options: Window & {
      readonly filters: number;
      readonly kernelSize: PairOrNumber;
      readonly useBias?: boolean;
      readonly dilationRate?: PairOrNumber;
      readonly groups?: number;
      readonly activation?: Activation;
    },
  ): Tensor {
    const { filters, strides = 1, padding = "valid", useBias = true, dilationRate = 1, groups = 1 } = options;
    const { activation = "linear" } = options;
    const kernelSize = pairOf(options.kernelSize);
    const name = this.nameOf("conv2d", options.name);
    const channels = (x.shape[3] ?? 0) / groups;
    const w = this.weight(name, "kernel", [...kernelSize, channels, filters], "glorotUniform");
    const b = useBias ? this.weight(name, "bias", [filters], "zeros") : undefined;
    const attrs = { strides, padding, dilations: dilationRate, groups };
    const y = this.graph.applyOne(conv2d, { x, w: this.kernelInput(x, w), b }, attrs, name);
    const config = {
      filters,
      kernel_size: kernelSize,
      strides: pairOf(strides),
      padding,
      dilation_rate: pairOf(dilationRate),
      groups,
      activation,
      use_bias: useBias,
    };
    const output = activate(this.graph, y, activation, `${name}/${activation}`);
    return this.record(name, "Conv2D", config, [x], output);
  }

  /** DepthwiseConv2D: x [N,H,W,C] to [N,P,Q,C·depthMultiplier]; kernel [R,S,C,depthMultiplier]. */
  depthwiseConv2D(
    x: Tensor,
    options: Window & {
      readonly kernelSize: PairOrNumber;
      readonly useBias?: boolean;
      readonly depthMultiplier?: number;
    },
  ): Tensor {
    const { strides = 1, padding = "valid", useBias = true, depthMultiplier = 1 } = options;
    const kernelSize = pairOf(options.kernelSize);
    const name = this.nameOf("depthwise_conv2d", options.name);
    const channels = x.shape[3] ?? 0;
    const shape = [...kernelSize, channels, depthMultiplier];
    const w = this.weight(name, "depthwise_kernel", shape, "glorotUniform");
    const b = useBias ? this.weight(name, "bias", [channels * depthMultiplier], "zeros") : undefined;
    const y = this.graph.applyOne(
      depthwiseConv2d,
      { x, w: this.kernelInput(x, w), b },
      { strides, padding },
      name,
    );
    const config = {
      kernel_size: kernelSize,
      strides: pairOf(strides),
      padding,
      depth_multiplier: depthMultiplier,
      use_bias: useBias,
    };
    return this.record(name, "DepthwiseConv2D", config, [x], y);
  }

  /** SeparableConv2D: a depthwise convolution, then one of 1x1 to `filters` channels; the bias after both. */
  separableConv2D(
    x: Tensor,
    options: Window & {
      readonly filters: number;
      readonly kernelSize: PairOrNumber;
      readonly useBias?: boolean;
    },
  ): Tensor {
    const { filters, strides = 1, padding = "valid", useBias = true } = options;
    const kernelSize = pairOf(options.kernelSize);
    const name = this.nameOf("separable_conv2d", options.name);
    const channels = x.shape[3] ?? 0;
    const depthwise = this.weight(name, "depthwise_kernel", [...kernelSize, channels, 1], "glorotUniform");
    const pointwise = this.weight(name, "pointwise_kernel", [1, 1, channels, filters], "glorotUniform");
    const b = useBias ? this.weight(name, "bias", [filters], "zeros") : undefined;
    const attrs = { strides, padding };
    const w = this.kernelInput(x, depthwise);
    const inner = this.graph.applyOne(depthwiseConv2d, { x, w }, attrs, `${name}/depthwise`);
    const y = this.graph.applyOne(conv2d, { x: inner, w: this.kernelInput(inner, pointwise), b }, {}, name);
    const config = { filters, kernel_size: kernelSize, strides: pairOf(strides), padding, use_bias: useBias };
    return this.record(name, "SeparableConv2D", config, [x], y);
  }

  /** BatchNormalization over the last axis. */
  batchNormalization(
    x: Tensor,
    options: Named & {
      readonly momentum: number;
      readonly epsilon: number;
      readonly scale?: boolean;
      readonly center?: boolean;
      /** Initial values of gamma; `ones` by default. */
      readonly gammaInitializer?: Initializer;
    },
  ): Tensor {
    const { epsilon, scale = true, center = true, gammaInitializer = "ones" } = options;
    const name = this.nameOf("batch_normalization", options.name);
    const channels = [x.shape.at(-1) ?? 0];
    const gamma = scale ? this.weight(name, "gamma", channels, gammaInitializer) : undefined;
    const beta = center ? this.weight(name, "beta", channels, "zeros") : undefined;
    const movingMean = this.weight(name, "moving_mean", channels, "zeros", false);
    const movingVariance = this.weight(name, "moving_variance", channels, "ones", false);
    const training = this.isTraining;
    const momentum = this.options.batchNormMomentum ?? options.momentum;
    const validRows = training ? this.options.validRows : undefined;
    const { y, newMovingMean, newMovingVariance } = this.graph.apply(
      batchNorm,
      { x, gamma, beta, movingMean, movingVariance, validRows },
      { training, epsilon, momentum },
      name,
    );
    if (!y) throw new Error("batchNorm has no output y");
    if (newMovingMean) this.graph.assign(movingMean, newMovingMean);
    if (newMovingVariance) this.graph.assign(movingVariance, newMovingVariance);
    return this.record(name, "BatchNormalization", { momentum, epsilon, scale, center }, [x], y);
  }

  /**
   * Normalization over the last axis: (x - mean) / sqrt(variance), with the given values or, if there are none, with
   * weights that training does not update.
   */
  normalization(
    x: Tensor,
    options: Named & { readonly mean?: readonly number[]; readonly variance?: readonly number[] } = {},
  ): Tensor {
    const name = this.nameOf("normalization", options.name);
    const { mean, variance } = options;
    if (mean && variance) {
      const scale = variance.map((value) => 1 / Math.sqrt(value));
      const attrs = { scale, offset: mean.map((value, i) => -value * (scale[i] ?? 1)) };
      const config = { axis: [-1], mean: [...mean], variance: [...variance] };
      return this.record(
        name,
        "Normalization",
        config,
        [x],
        this.graph.applyOne(rescale, { x }, attrs, name),
      );
    }
    const channels = [x.shape.at(-1) ?? 0];
    const movingMean = this.weight(name, "mean", channels, "zeros", false);
    const movingVariance = this.weight(name, "variance", channels, "ones", false);
    this.weight(name, "count", [], "zeros", false);
    const inputs = { x, movingMean, movingVariance };
    const { y } = this.graph.apply(batchNorm, inputs, { training: false, epsilon: 0, momentum: 1 }, name);
    if (!y) throw new Error("batchNorm has no output y");
    return this.record(name, "Normalization", { axis: [-1] }, [x], y);
  }

  /** Dense: x [N,in] to [N,units]; kernel [in,units]. */
  dense(x: Tensor, options: Named & { readonly units: number; readonly activation?: Activation }): Tensor {
    const { units, activation = "linear" } = options;
    const name = this.nameOf("dense", options.name);
    const w = this.weight(name, "kernel", [x.shape[1] ?? 0, units], "glorotUniform");
    const b = this.weight(name, "bias", [units], "zeros");
    const y = this.graph.applyOne(dense, { x, w, b }, {}, name);
    const output = activate(this.graph, y, activation, `${name}/${activation}`);
    return this.record(name, "Dense", { units, activation, use_bias: true }, [x], output);
  }

  /** A convolution weight as the kernels take it. */
  private kernelInput(x: Tensor, w: Tensor): Tensor {
    return kernelInput(this.graph, x, w);
  }
}
