// A small network with every kind of layer, its weights, and what Keras says of the same network and of the orders
// of its own.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type KerasModel, kerasModel } from "../../src/formats/keras_model.ts";
import { Graph } from "../../src/graph/graph.ts";
import { Layers } from "../../src/nn/layers.ts";
import type { PreprocessMode } from "../../src/ops/image/preprocess.ts";
import { proceduralWeight } from "../golden/runner/procedural_weights.ts";

interface DescribedLayer {
  readonly class: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: readonly string[];
  readonly weights: readonly string[];
}

interface KerasFacts {
  readonly every_layer: readonly DescribedLayer[];
  readonly orders: Readonly<Record<string, { size: number; layers: number; sha256: string }>>;
}

/** Written by test/golden/keras_layers.py. */
export const facts: KerasFacts = JSON.parse(
  readFileSync(join(import.meta.dirname, "keras_layers.json"), "utf8"),
);

/** A small network with every kind of layer; test/golden/keras_layers.py builds the same in Keras. */
export function everyLayer() {
  const graph = new Graph();
  const layers = new Layers(graph, { training: false });
  const input = graph.input("image", [1, 32, 32, 3]);
  let x = layers.rescaling(input, { scale: [1, 2, 3] });
  x = layers.normalization(x);
  const sides = [
    [0, 1],
    [0, 1],
  ] as const;
  x = layers.zeroPadding2D(x, { padding: sides });
  x = layers.conv2D(x, { filters: 8, kernelSize: 3, strides: 2, useBias: false });
  x = layers.batchNormalization(x, { momentum: 0.9, epsilon: 1e-3, scale: false });
  x = layers.reLU(x);
  let one = layers.depthwiseConv2D(x, { kernelSize: [3, 5], padding: "same" });
  one = layers.batchNormalization(one, { momentum: 0.99, epsilon: 1e-3 });
  one = layers.reLU(one, { maxValue: 6 });
  let other = layers.separableConv2D(x, { filters: 8, kernelSize: 3, padding: "same", useBias: false });
  other = layers.conv2D(other, {
    filters: 8,
    kernelSize: [1, 3],
    padding: "same",
    groups: 2,
    dilationRate: 2,
    activation: "swish",
  });
  const scaled = layers.customScale(one, other, { scale: 0.17 });
  let squeezed = layers.globalAveragePooling2D(scaled, { keepDims: true });
  squeezed = layers.conv2D(squeezed, { filters: 8, kernelSize: 1, activation: "sigmoid" });
  x = layers.multiply(scaled, squeezed);
  x = layers.dropout(x, { rate: 0.2, noiseShape: [null, 1, 1, 1] });
  x = layers.add([x, one]);
  x = layers.concatenate([x, layers.activation(other, { activation: "relu6" }), x]);
  const cropping = [
    [1, 0],
    [1, 0],
  ] as const;
  x = layers.cropping2D(x, { cropping });
  x = layers.maxPooling2D(x, { poolSize: 3, strides: 2, padding: "same" });
  x = layers.averagePooling2D(x, { poolSize: 3, strides: 1, padding: "same" });
  let flat = layers.globalAveragePooling2D(x);
  flat = layers.reshape(flat, { targetShape: [1, 1, 24] });
  flat = layers.activation(flat, { activation: "hard_sigmoid" });
  flat = layers.globalMaxPooling2D(flat);
  flat = layers.dropout(flat, { rate: 0.5 });
  layers.dense(flat, { units: 3, activation: "softmax", name: "coat" });
  layers.dense(flat, { units: 4, activation: "softmax", name: "neck" });
  const { records } = layers;
  return { input, records, outputs: records.slice(-2) };
}

export const network = everyLayer();
/** Values of its weights by name. */
export const weights = new Map(
  network.records.flatMap((record) =>
    record.weights.map(({ name, shape }) => [name, proceduralWeight(name, shape, 7)] as const),
  ),
);

export const modelWith = (preprocessing: PreprocessMode): KerasModel =>
  kerasModel(network, weights, { name: "every", preprocessing });
