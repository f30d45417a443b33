// Layers: functions that add nodes and weights to a graph, named and parameterised as in Keras. A
// layer's weights are graph variables called `layer/weight`; a layer without a name is called after
// its class and a count per class (`conv2d`, `conv2d_1`), as Keras does in a fresh session.

import { WeftError } from "../base/errors.ts";
import type { Shape } from "../base/tensors.ts";
import type { Padding } from "../graph/attributes.ts";
import type { Graph, Tensor } from "../graph/graph.ts";
import { add } from "../ops/add.ts";
import { batchNorm } from "../ops/batch_norm.ts";
import { conv2d } from "../ops/conv2d.ts";
import { dense } from "../ops/dense.ts";
import { depthwiseConv2d } from "../ops/depthwise_conv2d.ts";
import { dropout } from "../ops/dropout.ts";
import { globalAvgPool2d } from "../ops/global_avg_pool2d.ts";
import { globalMaxPool2d } from "../ops/global_max_pool2d.ts";
import { relu } from "../ops/relu.ts";
import { relu6 } from "../ops/relu6.ts";
import { softmax } from "../ops/softmax.ts";
import { zeroPad2d } from "../ops/zero_pad2d.ts";
import type { Initializer } from "./initializers.ts";

/** A weight that a model needs. */
export interface WeightSpec {
  /** `layer/weight`, the weight named as in Keras: kernel, depthwise_kernel, bias, gamma, … */
  readonly name: string;
  readonly layer: string;
  readonly shape: Shape;
  readonly dtype: "f32";
  readonly initializer: Initializer;
  /** Whether gradients update it (batch norm's moving averages are never trainable). */
  readonly trainable: boolean;
}

/** A layer as `weft summary` and taps see it. */
export interface LayerRecord {
  readonly name: string;
  /** Keras' class name, such as `Conv2D`. */
  readonly className: string;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
}

export interface LayersOptions {
  /** Batch statistics in batch norm and active dropout. */
  readonly training: boolean;
  /** How many rows of the batch count, [1] u32; all of them where it is absent. */
  readonly validRows?: Tensor;
  /** The seed and the step of dropout, [2] u32; needed for training with dropout. */
  readonly dropoutSeed?: Tensor;
  /** Replaces the momentum that the backbone gives its batch norms. */
  readonly batchNormMomentum?: number;
}

interface Window {
  readonly strides?: number | readonly [number, number];
  readonly padding?: Padding;
  readonly name?: string;
}

type KernelSize = number | readonly [number, number];

const pairOf = (size: KernelSize): readonly [number, number] =>
  typeof size === "number" ? [size, size] : size;

/** Adds layers to a graph and remembers their weights and outputs. */
export class Layers {
  /** In the order of creation, which is Keras' order too. */
  readonly weights: WeightSpec[] = [];
  readonly records: LayerRecord[] = [];
  private readonly counts = new Map<string, number>();
  /** Layers made while this is true have no trainable weights, and their batch norm does not train. */
  frozen = false;

  constructor(
    readonly graph: Graph,
    readonly options: LayersOptions,
  ) {}

  /** The output of a layer. @throws WeftError where there is no such layer. */
  outputOf(layer: string): Tensor {
    const record = this.records.find(({ name }) => name === layer);
    if (!record) throw new WeftError(`the network has no layer ${layer}`);
    return record.output;
  }

  private nameOf(kind: string, name: string | undefined): string {
    if (name !== undefined) return name;
    const count = this.counts.get(kind) ?? 0;
    this.counts.set(kind, count + 1);
    return count === 0 ? kind : `${kind}_${count}`;
  }

  private weight(
    layer: string,
    name: string,
    shape: Shape,
    initializer: Initializer,
    trainable = true,
  ): Tensor {
    const full = `${layer}/${name}`;
    if (this.weights.some((known) => known.name === full)) {
      throw new WeftError(
        `two layers are called ${layer}; if an attribute of the data is called like a layer of the backbone, rename it`,
      );
    }
    this.weights.push({
      name: full,
      layer,
      shape,
      dtype: "f32",
      initializer,
      trainable: trainable && !this.frozen,
    });
    return this.graph.variable(full, shape);
  }

  private record(name: string, className: string, inputs: readonly Tensor[], output: Tensor): Tensor {
    this.records.push({ name, className, inputs, output });
    return output;
  }

  /** Conv2D: x [N,H,W,C] to [N,P,Q,filters]; kernel [R,S,C/groups,filters]. */
  conv2D(
    x: Tensor,
    options: Window & {
      readonly filters: number;
      readonly kernelSize: KernelSize;
      readonly useBias?: boolean;
      readonly dilationRate?: number | readonly [number, number];
      readonly groups?: number;
    },
  ): Tensor {
    const { filters, kernelSize, strides = 1, padding = "valid", useBias = true } = options;
    const { dilationRate = 1, groups = 1 } = options;
    const name = this.nameOf("conv2d", options.name);
    const channels = (x.shape[3] ?? 0) / groups;
    const w = this.weight(name, "kernel", [...pairOf(kernelSize), channels, filters], "glorotUniform");
    const b = useBias ? this.weight(name, "bias", [filters], "zeros") : undefined;
    const attrs = { strides, padding, dilations: dilationRate, groups };
    return this.record(name, "Conv2D", [x], this.graph.applyOne(conv2d, { x, w, b }, attrs, name));
  }

  /** DepthwiseConv2D: x [N,H,W,C] to [N,P,Q,C·depthMultiplier]; kernel [R,S,C,depthMultiplier]. */
  depthwiseConv2D(
    x: Tensor,
    options: Window & {
      readonly kernelSize: KernelSize;
      readonly useBias?: boolean;
      readonly depthMultiplier?: number;
    },
  ): Tensor {
    const { kernelSize, strides = 1, padding = "valid", useBias = true, depthMultiplier = 1 } = options;
    const name = this.nameOf("depthwise_conv2d", options.name);
    const channels = x.shape[3] ?? 0;
    const shape = [...pairOf(kernelSize), channels, depthMultiplier];
    const w = this.weight(name, "depthwise_kernel", shape, "glorotUniform");
    const b = useBias ? this.weight(name, "bias", [channels * depthMultiplier], "zeros") : undefined;
    const attrs = { strides, padding };
    return this.record(
      name,
      "DepthwiseConv2D",
      [x],
      this.graph.applyOne(depthwiseConv2d, { x, w, b }, attrs, name),
    );
  }

  /** BatchNormalization over the last axis. */
  batchNormalization(
    x: Tensor,
    options: {
      readonly momentum: number;
      readonly epsilon: number;
      readonly scale?: boolean;
      readonly center?: boolean;
      /** First values of gamma; `ones` by default. */
      readonly gammaInitializer?: Initializer;
      readonly name?: string;
    },
  ): Tensor {
    const name = this.nameOf("batch_normalization", options.name);
    const channels = [x.shape.at(-1) ?? 0];
    const gamma =
      options.scale === false
        ? undefined
        : this.weight(name, "gamma", channels, options.gammaInitializer ?? "ones");
    const beta = options.center === false ? undefined : this.weight(name, "beta", channels, "zeros");
    const movingMean = this.weight(name, "moving_mean", channels, "zeros", false);
    const movingVariance = this.weight(name, "moving_variance", channels, "ones", false);
    const training = this.options.training && !this.frozen;
    const momentum = this.options.batchNormMomentum ?? options.momentum;
    const { y, newMovingMean, newMovingVariance } = this.graph.apply(
      batchNorm,
      {
        x,
        gamma,
        beta,
        movingMean,
        movingVariance,
        validRows: training ? this.options.validRows : undefined,
      },
      { training, epsilon: options.epsilon, momentum },
      name,
    );
    if (!y) throw new Error("batchNorm has no output y");
    if (newMovingMean) this.graph.assign(movingMean, newMovingMean);
    if (newMovingVariance) this.graph.assign(movingVariance, newMovingVariance);
    return this.record(name, "BatchNormalization", [x], y);
  }

  /** ReLU, capped at `maxValue` 6 where given. */
  reLU(x: Tensor, options: { readonly maxValue?: 6; readonly name?: string } = {}): Tensor {
    const name = this.nameOf("re_lu", options.name);
    return this.record(
      name,
      "ReLU",
      [x],
      this.graph.applyOne(options.maxValue ? relu6 : relu, { x }, {}, name),
    );
  }

  /** Add: the sum of two tensors of one shape. */
  add(a: Tensor, b: Tensor, options: { readonly name?: string } = {}): Tensor {
    const name = this.nameOf("add", options.name);
    return this.record(name, "Add", [a, b], this.graph.applyOne(add, { a, b }, {}, name));
  }

  /** ZeroPadding2D: rows and columns of zeros, [[top, bottom], [left, right]]. */
  zeroPadding2D(
    x: Tensor,
    options: { readonly padding: Exclude<Padding, string>; readonly name?: string },
  ): Tensor {
    const name = this.nameOf("zero_padding2d", options.name);
    const y = this.graph.applyOne(zeroPad2d, { x }, { amounts: options.padding }, name);
    return this.record(name, "ZeroPadding2D", [x], y);
  }

  /** GlobalAveragePooling2D: x [N,H,W,C] to [N,C]. */
  globalAveragePooling2D(x: Tensor, options: { readonly name?: string } = {}): Tensor {
    const name = this.nameOf("global_average_pooling2d", options.name);
    return this.record(
      name,
      "GlobalAveragePooling2D",
      [x],
      this.graph.applyOne(globalAvgPool2d, { x }, {}, name),
    );
  }

  /** GlobalMaxPooling2D: x [N,H,W,C] to [N,C]. */
  globalMaxPooling2D(x: Tensor, options: { readonly name?: string } = {}): Tensor {
    const name = this.nameOf("global_max_pooling2d", options.name);
    return this.record(
      name,
      "GlobalMaxPooling2D",
      [x],
      this.graph.applyOne(globalMaxPool2d, { x }, {}, name),
    );
  }

  /** Dropout; does nothing outside training, and at rate 0. */
  dropout(x: Tensor, options: { readonly rate: number; readonly name?: string }): Tensor {
    const name = this.nameOf("dropout", options.name);
    const { training, dropoutSeed } = this.options;
    if (!training || options.rate === 0) return this.record(name, "Dropout", [x], x);
    if (!dropoutSeed) throw new WeftError(`${name}: training with dropout needs a dropoutSeed`);
    const attrs = { rate: options.rate, salt: this.records.length };
    return this.record(
      name,
      "Dropout",
      [x],
      this.graph.applyOne(dropout, { x, seed: dropoutSeed }, attrs, name),
    );
  }

  /** Dense: x [N,in] to [N,units], with softmax where asked; kernel [in,units]. */
  dense(
    x: Tensor,
    options: { readonly units: number; readonly activation?: "softmax"; readonly name?: string },
  ): Tensor {
    const name = this.nameOf("dense", options.name);
    const w = this.weight(name, "kernel", [x.shape[1] ?? 0, options.units], "glorotUniform");
    const b = this.weight(name, "bias", [options.units], "zeros");
    const logits = this.graph.applyOne(dense, { x, w, b }, {}, name);
    const y = options.activation
      ? this.graph.applyOne(softmax, { x: logits }, {}, `${name}/softmax`)
      : logits;
    return this.record(name, "Dense", [x], y);
  }
}
