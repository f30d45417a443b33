// A network as a functional model of Keras, made from weft's layer records: the input of the `.h5` and the `.keras`
// writer. Images are 0..255 if the model includes the preprocessing.

import { WeftError } from "../base/errors.ts";
import type { Shape } from "../base/tensors.ts";
import type { Tensor } from "../graph/graph.ts";
import { type LayerNode, layerGraph } from "../nn/layer_graph.ts";
import type { KerasConfig, LayerRecord } from "../nn/layer_scope.ts";
import { CONVERSIONS, type PreprocessMode } from "../ops/image/preprocess.ts";
import { depthFirstOrder } from "./keras_order.ts";

/** The version of Keras whose file format is written. */
export const KERAS_VERSION = "3.15.1";

/** The name of the layer that turns 0..255 into the backbone's input. */
const PREPROCESSING = "preprocessing";
/** The group of an `.h5` besides those of the layers. */
export const TOP_LEVEL = "top_level_model_weights";

/** A weight with its values, row-major in Keras' layout. */
export interface KerasVariable {
  /** `kernel` */
  readonly name: string;
  readonly shape: Shape;
  /** The count in a Normalization layer is an integer. */
  readonly values: Float32Array | BigInt64Array;
}

/** A layer of a functional model. */
export interface KerasLayer {
  readonly name: string;
  readonly className: string;
  /** All entries of its `get_config` that have no default. */
  readonly config: KerasConfig;
  /** Names of the layers that it reads. */
  readonly inputs: readonly string[];
  /** Shape of its output, without the batch. */
  readonly shape: Shape;
  readonly weights: readonly KerasVariable[];
}

/** A functional model. */
export interface KerasModel {
  readonly name: string;
  /** In the order of Keras' `model.layers`, including the input layer. */
  readonly layers: readonly KerasLayer[];
  /** The name of the input layer. */
  readonly input: string;
  /** Names of the layers that the model returns. */
  readonly outputs: readonly string[];
}

/** A network's layers; what `describeNetwork` returns is one. */
export interface RecordedNetwork {
  readonly input: Tensor;
  readonly records: readonly LayerRecord[];
  readonly outputs: readonly LayerRecord[];
}

/** What a Keras file says of a network beside its layers. */
export interface KerasModelOptions {
  readonly name: string;
  /** How the model turns 0..255 into its input; `none` if it takes the backbone's input. */
  readonly preprocessing: PreprocessMode;
  /** How many of the records, from the first on, training did not update. */
  readonly frozenRecords?: number;
}

/** Layers that have an attribute for channels first or last. */
const SPATIAL = new Set([
  "Conv2D",
  "DepthwiseConv2D",
  "SeparableConv2D",
  "ZeroPadding2D",
  "Cropping2D",
  "MaxPooling2D",
  "AveragePooling2D",
  "GlobalAveragePooling2D",
  "GlobalMaxPooling2D",
]);

/**
 * Builds the model.
 * @param weights every weight of the network by `layer/weight`
 * @throws WeftError if a weight has no values or two layers share a name
 */
export function kerasModel(
  { input, records, outputs }: RecordedNetwork,
  weights: ReadonlyMap<string, Float32Array>,
  { name, preprocessing, frozenRecords = 0 }: KerasModelOptions,
): KerasModel {
  const nodes = layerGraph(records, [input]);
  const names = kerasNames(
    nodes.map((node) => node.name),
    [PREPROCESSING, TOP_LEVEL],
  );
  const nameOf = (own: string) => names.get(own) ?? own;
  const frozen = new Set(records.slice(0, frozenRecords));
  const inputName = nameOf(input.name);
  const first = preprocessing === "none" ? undefined : preprocessingLayer(preprocessing, inputName, input);
  const layers = nodes.map((node) => {
    if (!node.record) return inputLayer(node, inputName);
    const layer = layerOf(node, node.record, weights, !frozen.has(node.record));
    const inputs = layer.inputs.map((one) => (one === input.name && first ? first.name : nameOf(one)));
    return {
      ...layer,
      name: nameOf(node.name),
      inputs,
      config: { ...layer.config, name: nameOf(node.name) },
    };
  });
  if (first) layers.splice(1, 0, first);
  const outputNames = outputs.map((record) => nameOf(record.name));
  return { name, layers: depthFirstOrder(layers, outputNames), input: inputName, outputs: outputNames };
}

/** TensorFlow does not take these characters in the name of a layer. */
const FORBIDDEN = /[^A-Za-z0-9_.>-]/gu;
/** Names that TensorFlow accepts, in Keras 2 as well. */
const FINE = /^[A-Za-z0-9.][A-Za-z0-9_.>-]*$/;
/** Prepended to a name that begins with a character that may not come first. */
const BEGINNING = "head";

/**
 * Names that Keras accepts: characters other than a few of ASCII become `_`, `head` is prepended if the first character
 * is not allowed, and duplicates get a number.
 * @param reserved names that the model needs for itself
 */
export function kerasNames(
  names: readonly string[],
  reserved: readonly string[] = [],
): ReadonlyMap<string, string> {
  const isFine = (name: string) => FINE.test(name) && !reserved.includes(name);
  const taken = new Set([...reserved, ...names.filter(isFine)]);
  const found = new Map<string, string>();
  for (const name of names) {
    const replaced = name.replace(FORBIDDEN, "_");
    const plain = FINE.test(replaced) ? replaced : `${BEGINNING}${replaced}`;
    let free = plain;
    for (let number = 2; !isFine(name) && taken.has(free); number++) free = `${plain}_${number}`;
    taken.add(free);
    found.set(name, free);
  }
  return found;
}

const common = (name: string, trainable: boolean) => ({ name, trainable, dtype: "float32" });

const withoutBatch = ({ shape }: Tensor): Shape => shape.slice(1);

function inputLayer({ output }: LayerNode, name: string): KerasLayer {
  const shape = withoutBatch(output);
  const config = {
    name,
    batch_input_shape: [null, ...shape],
    dtype: "float32",
    sparse: false,
    ragged: false,
  };
  return { name, className: "InputLayer", config, inputs: [], shape, weights: [] };
}

/** A layer of Keras' own that does the preprocessing; it must load without custom objects. */
function preprocessingLayer(
  mode: Exclude<PreprocessMode, "none">,
  inputName: string,
  input: Tensor,
): KerasLayer {
  const { reversed, scale, offset } = CONVERSIONS[mode];
  const shape = withoutBatch(input);
  const shared = { name: PREPROCESSING, inputs: [inputName], shape };
  if (mode === "tf") {
    const config = { ...common(PREPROCESSING, true), scale: scale[0], offset: offset[0] };
    return { ...shared, className: "Rescaling", config, weights: [] };
  }
  // A 1x1 convolution, because it can also reorder the channels.
  const kernel = new Float32Array(9); // [channel in][channel out]
  for (const [to, factor] of scale.entries()) kernel[(reversed ? 2 - to : to) * 3 + to] = factor;
  const config = {
    ...common(PREPROCESSING, false),
    filters: 3,
    kernel_size: [1, 1],
    strides: [1, 1],
    padding: "valid",
    data_format: "channels_last",
    use_bias: true,
  };
  const weights = [
    { name: "kernel", shape: [1, 1, 3, 3], values: kernel },
    { name: "bias", shape: [3], values: Float32Array.from(offset) },
  ];
  return { ...shared, className: "Conv2D", config, weights };
}

function layerOf(
  { name, predecessors, output }: LayerNode,
  record: LayerRecord,
  weightValues: ReadonlyMap<string, Float32Array>,
  trainable: boolean,
): KerasLayer {
  const { className } = record;
  const config = {
    ...common(name, trainable),
    ...(SPATIAL.has(className) && { data_format: "channels_last" }),
    ...(className === "BatchNormalization" && { axis: -1 }),
    ...inKerasWords(record.config),
  };
  const weights = record.weights.map((spec) => {
    const found = weightValues.get(spec.name);
    if (!found) throw new WeftError(`there are no values for ${spec.name}`);
    const name = spec.name.slice(spec.layer.length + 1);
    const isCount = className === "Normalization" && name === "count";
    const values = isCount ? BigInt64Array.from(found, (value) => BigInt(Math.round(value))) : found;
    return { name, shape: spec.shape, values };
  });
  return { name, className, config, inputs: predecessors, shape: withoutBatch(output), weights };
}

/** Keras writes swish under its other name. */
function inKerasWords(config: KerasConfig): KerasConfig {
  return config.activation === "swish" ? { ...config, activation: "silu" } : config;
}

/** The sizes that the writers must allocate. */
export function kerasModelSize({ layers }: KerasModel): {
  readonly tensorBytes: number;
  readonly tensors: number;
} {
  const variables = layers.flatMap(({ weights }) => weights);
  const tensorBytes = variables.reduce((sum, { values }) => sum + values.byteLength, 0);
  return { tensorBytes, tensors: variables.length };
}
