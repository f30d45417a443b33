// What layers share: names as Keras gives them, the weights that they declare, and the record of each added layer, from
// which summaries, pictures and exported files are made.

import { WeftError } from "../base/errors.ts";
import type { Shape } from "../base/tensors.ts";
import type { Graph, Tensor } from "../graph/graph.ts";
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

/** A layer's own entries of Keras' `get_config`, under Keras' names. */
export type KerasConfig = Readonly<Record<string, unknown>>;

/** A layer as summaries, pictures, exported files and taps see it. */
export interface LayerRecord {
  readonly name: string;
  /** Keras' class name, such as `Conv2D`. */
  readonly className: string;
  readonly config: KerasConfig;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** In Keras' order. */
  readonly weights: readonly WeightSpec[];
  /** The repeated part of the network that it belongs to, such as `block35_3`. */
  readonly block: string | undefined;
}

/** What all layers of a network share. */
export interface LayersOptions {
  /** Batch statistics in batch norm and active dropout. */
  readonly training: boolean;
  /** The number of valid rows of the batch, [1] u32; all rows if absent. */
  readonly validRows?: Tensor;
  /** Dropout's seed and step, [2] u32; required for training with dropout. */
  readonly dropoutSeed?: Tensor;
  /** Replaces the momentum that the backbone gives its batch norms. */
  readonly batchNormMomentum?: number;
}

/** One size for both axes, or rows before columns. */
export type PairOrNumber = number | readonly [number, number];

/** The options of every layer. */
export interface Named {
  readonly name?: string;
}

/** Where a layer's window is placed. */
export interface Window extends Named {
  /** 1 by default; for pools the size of the window. */
  readonly strides?: PairOrNumber;
  readonly padding?: "valid" | "same";
}

/** Rows before columns. */
export const pairOf = (size: PairOrNumber): readonly [number, number] =>
  typeof size === "number" ? [size, size] : size;

/** Names layers, declares their weights and remembers them. */
export class LayerScope {
  /** In the order of creation, which is Keras' order too. */
  readonly weights: WeightSpec[] = [];
  readonly records: LayerRecord[] = [];
  private readonly counts = new Map<string, number>();
  private readonly weightNames = new Set<string>();
  private recordedWeights = 0;
  private isFreezing = false;

  constructor(
    readonly graph: Graph,
    readonly options: LayersOptions,
  ) {}

  /** The output of a layer. @throws WeftError if there is no such layer. */
  outputOf(layer: string): Tensor {
    const record = this.records.find(({ name }) => name === layer);
    if (!record) throw new WeftError(`the network has no layer ${layer}`);
    return record.output;
  }

  /**
   * Adds the layers of a repeated part of the network. Pictures fold it, and recomputation starts at its inputs.
   * @param name unique in the network, such as `block35_3`: the kind and a number.
   */
  block<T>(name: string, build: () => T): T {
    return this.graph.inBlock(name, build);
  }

  /** Adds layers that have no trainable weights and whose batch norms do not train. */
  freezing<T>(build: () => T): T {
    const outer = this.isFreezing;
    this.isFreezing = true;
    try {
      return build();
    } finally {
      this.isFreezing = outer;
    }
  }

  /** Whether the layers that are added now train. */
  protected get isTraining(): boolean {
    return this.options.training && !this.isFreezing;
  }

  /** The given name, or Keras' name for the class in snake case (`conv2d`, `conv2d_1`). */
  protected nameOf(kind: string, name: string | undefined): string {
    if (name !== undefined) return name;
    const count = this.counts.get(kind) ?? 0;
    this.counts.set(kind, count + 1);
    return count === 0 ? kind : `${kind}_${count}`;
  }

  /** Declares a weight of the layer that is recorded next. @throws WeftError if its name is taken. */
  protected weight(
    layer: string,
    name: string,
    shape: Shape,
    initializer: Initializer,
    trainable = true,
  ): Tensor {
    const full = `${layer}/${name}`;
    if (this.weightNames.has(full)) {
      throw new WeftError(
        `two layers are called ${layer}; if an attribute of the data is called like a layer of the backbone, rename it`,
      );
    }
    this.weightNames.add(full);
    const isTrainable = trainable && !this.isFreezing;
    this.weights.push({ name: full, layer, shape, dtype: "f32", initializer, trainable: isTrainable });
    return this.graph.variable(full, shape);
  }

  /** Records a layer with the weights declared since the last one. @returns its output. */
  protected record(
    name: string,
    className: string,
    config: KerasConfig,
    inputs: readonly Tensor[],
    output: Tensor,
  ): Tensor {
    const weights = this.weights.slice(this.recordedWeights);
    this.recordedWeights = this.weights.length;
    this.records.push({ name, className, config, inputs, output, weights, block: this.graph.block });
    return output;
  }
}
