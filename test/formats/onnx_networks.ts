// Networks that tests export as ONNX: weights, images, and what weft predicts for them.

import { VariableStore } from "../../src/gpu/variables.ts";
import { Graph, type Tensor } from "../../src/graph/graph.ts";
import { Plan } from "../../src/graph/plan.ts";
import type { WeightSpec } from "../../src/nn/layer_scope.ts";
import { Layers } from "../../src/nn/layers.ts";
import type { PreprocessMode } from "../../src/ops/image/preprocess.ts";
import { Model } from "../../src/training/model.ts";
import { layOutInferenceStep, type NetworkConfig } from "../../src/training/network.ts";
import { testDevice } from "../device.ts";
import { proceduralWeight } from "../golden/runner/procedural_weights.ts";

/** Values by name of the output, a row for each image. */
export type Predictions = Readonly<Record<string, Float32Array>>;

/** A network of a run, its weights, images and predictions. */
export interface PredictedNetwork {
  readonly network: NetworkConfig;
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** [N,size,size,3] */
  readonly images: Uint8Array<ArrayBuffer>;
  /** By head, [N,classes]. */
  readonly predictions: Predictions;
}

/** Procedural values, also for a normalization, for which the golden format's are plain. */
function weightValues({ name, shape }: WeightSpec): Float32Array<ArrayBuffer> {
  return proceduralWeight(name.replace(/\/(mean|variance)$/, "/moving_$1"), shape, 7);
}

/** Images that differ from each other: waves of colour. */
function waves(count: number, height: number, width: number): Uint8Array<ArrayBuffer> {
  const values = Array.from({ length: count * height * width * 3 }, (_, i) => {
    const [channel, column, row] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width) % height];
    const image = Math.floor(i / (3 * width * height));
    const angle = (0.9 + 0.7 * image) * row + (1.3 - 0.5 * image) * column + 2 * channel + image;
    return Math.round(127.5 + 127.5 * Math.sin(angle));
  });
  return Uint8Array.from(values);
}

const CAFFE_MEAN = [103.939, 116.779, 123.68];
const TORCH_MEAN = [0.485, 0.456, 0.406];
const TORCH_DEVIATION = [0.229, 0.224, 0.225];

/** RGB pixels as Keras' preprocess_input turns them into a network's input. */
export function preprocessed(pixels: Uint8Array, mode: PreprocessMode): Float32Array {
  return Float32Array.from(pixels, (value, i) => {
    const c = i % 3;
    if (mode === "tf") return value / 127.5 - 1;
    if (mode === "caffe") return (pixels[i - c + 2 - c] ?? 0) - (CAFFE_MEAN[c] ?? 0);
    if (mode === "torch") return (value / 255 - (TORCH_MEAN[c] ?? 0)) / (TORCH_DEVIATION[c] ?? 1);
    return value;
  });
}

/** More certain a prediction hides differences of the logits. */
const MOST_CERTAIN = 0.95;

/** Predicts `count` images with procedural weights. */
export async function predictedNetwork(network: NetworkConfig, count: number): Promise<PredictedNetwork> {
  const device = await testDevice();
  const step = layOutInferenceStep(network, count, device.facts);
  const images = waves(count, network.size, network.size);
  const weights = new Map(step.weights.map((spec) => [spec.name, weightValues(spec)]));
  const store = new VariableStore(device);
  try {
    for (const spec of step.weights) store.declare(spec);
    for (const [name, values] of weights) store.write(name, values);
    const plan = await Plan.compile(device, step.layout, store);
    try {
      const predictions = await calmPredictions(plan, store, { network, weights, images, count });
      return { network, weights, images, predictions };
    } finally {
      plan.destroy();
    }
  } finally {
    store.destroy();
  }
}

/** Makes the heads' kernels smaller until nothing is certain: features of random networks are large. */
async function calmPredictions(
  plan: Plan,
  store: VariableStore,
  {
    network: { heads },
    weights,
    images,
    count,
  }: Pick<PredictedNetwork, "network" | "images"> & {
    readonly weights: Map<string, Float32Array<ArrayBuffer>>;
    readonly count: number;
  },
): Promise<Predictions> {
  const classes = heads.reduce((sum, head) => sum + head.classes, 0);
  const labels = new Float32Array(count * classes);
  for (;;) {
    const values = await plan.run({ bytes: images, labels, validRows: new Uint32Array([count]) });
    const ofHead = (name: string) => values[`probabilities/${name}`] ?? new Float32Array();
    const predictions = Object.fromEntries(heads.map(({ name }) => [name, ofHead(name)]));
    const highest = Math.max(...Object.values(predictions).flatMap((rows) => [...rows]));
    if (!(highest > MOST_CERTAIN)) return predictions;
    for (const { name } of heads) {
      const smaller = weights.get(`${name}/kernel`)?.map((value) => value / 4) ?? new Float32Array();
      weights.set(`${name}/kernel`, smaller);
      store.write(`${name}/kernel`, smaller);
    }
  }
}

/** Rows, columns and channels of the images that `everyLayer` takes. */
const IMAGE = [14, 11, 3] as const;

/** Adds a network that has every layer, many with uneven padding. @returns the layers that are its outputs. */
function everyLayer(layers: Layers, image: Tensor): string[] {
  const sides = (top: number, bottom: number, left: number, right: number) =>
    [
      [top, bottom],
      [left, right],
    ] as const;
  let x = layers.rescaling(image, { scale: [0.5, 0.4, 0.3], offset: -0.1 });
  x = layers.zeroPadding2D(layers.normalization(x), { padding: sides(0, 1, 2, 1) }); // 15 x 14 x 3
  x = layers.conv2D(x, { filters: 8, kernelSize: [3, 2], strides: 2, padding: "same", activation: "relu" });
  x = layers.conv2D(x, { filters: 8, kernelSize: [2, 3], padding: "same", dilationRate: [1, 2], groups: 2 });
  x = layers.batchNormalization(x, { momentum: 0.9, epsilon: 1e-3, scale: false }); // 8 x 7 x 8
  x = layers.reLU(x, { maxValue: 6 });
  const wide = layers.depthwiseConv2D(x, { kernelSize: [3, 4], padding: "same", depthMultiplier: 2 });
  const narrow = layers.separableConv2D(wide, { filters: 8, kernelSize: 5, padding: "same", useBias: false });
  const branch = layers.batchNormalization(narrow, { momentum: 0.9, epsilon: 0.01, center: false });
  x = layers.customScale(x, layers.activation(branch, { activation: "swish" }), { scale: 0.17 });
  const squeezed = layers.globalAveragePooling2D(x, { keepDims: true });
  const gate = layers.conv2D(squeezed, { filters: 8, kernelSize: 1, activation: "hard_sigmoid" });
  x = layers.multiply(x, layers.activation(gate, { activation: "gelu" }));
  x = layers.concatenate([
    layers.maxPooling2D(x, { poolSize: 3, strides: 2, padding: "same" }),
    layers.averagePooling2D(x, { poolSize: 3, strides: 2, padding: "same" }),
  ]); // 4 x 4 x 16
  x = layers.cropping2D(x, { cropping: sides(0, 1, 1, 0) }); // 3 x 3 x 16
  x = layers.reshape(x, { targetShape: [4, 2, 18] });
  x = layers.add([x, layers.activation(x, { activation: "sigmoid" }), layers.reLU(x)], { name: "map" });
  const maxima = layers.globalMaxPooling2D(x);
  const flat = layers.reshape(layers.conv2D(x, { filters: 3, kernelSize: [4, 1] }), { targetShape: [6] });
  const features = layers.dropout(layers.concatenate([maxima, flat]), { rate: 0.5 });
  layers.dense(features, { units: 5, activation: "softmax", name: "colour" });
  layers.dense(features, { units: 3, activation: "softmax", name: "sleeve length" });
  return ["map", "colour", "sleeve length"];
}

/** The network of all layers as the ONNX writer takes it, and what weft computes for `count` images. */
export async function predictedLayers(count: number) {
  const graph = new Graph();
  const layers = new Layers(graph, { training: false });
  const input = graph.input("image", [1, ...IMAGE]);
  const names = everyLayer(layers, input);
  const outputs = layers.records.filter(({ name }) => names.includes(name));
  const weights = new Map(layers.weights.map((spec) => [spec.name, weightValues(spec)]));
  const images = waves(count, IMAGE[0], IMAGE[1]);
  const definition = {
    inputs: { image: { shape: [count, ...IMAGE] } },
    build: (own: Layers, { image }: Readonly<Record<string, Tensor>>) => {
      if (!image) throw new Error("no image");
      return Object.fromEntries(everyLayer(own, image).map((name) => [name, own.outputOf(name)]));
    },
  };
  const model = await Model.forInference(await testDevice(), definition, weights);
  try {
    const predictions: Predictions = await model.step({ image: Float32Array.from(images) });
    return { network: { graph, input, outputs }, weights, images, predictions };
  } finally {
    model.destroy();
  }
}

/** The largest difference between two lists of values. */
export function largestDifference(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length || got.length === 0) return Number.POSITIVE_INFINITY;
  return Array.from(got).reduce((largest, value, i) => {
    const difference = Math.abs(value - (want[i] ?? Number.NaN));
    return difference <= largest ? largest : difference; // NaN stays
  }, 0);
}

/** The pieces as one file. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const file = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    file.set(piece, at);
    at += piece.byteLength;
  }
  return file;
}
