// A network as weft writes it for its peers: Keras' layers as JSON, the weights concatenated in one file. This module
// reads it, folds its batch norms for inference, and evaluates it with a library's own operators.

import { readFileSync } from "node:fs";
import { readFloats } from "./protocol.mjs";

/**
 * Reads the network of a case.
 * @returns layers in order, each `{ name, className, config, inputs, shape, weights: { name: { shape, values } } }`
 */
export function readNetwork({ model, weights }) {
  const all = readFloats(weights);
  let offset = 0;
  return JSON.parse(readFileSync(model, "utf8")).map((layer) => {
    const read = layer.weights.map(({ name, shape }) => {
      const start = offset;
      offset += shape.reduce((product, size) => product * size, 1);
      return [name, { shape, values: all.subarray(start, offset) }];
    });
    return { ...layer, weights: Object.fromEntries(read) };
  });
}

const CONVOLUTIONS = new Set(["Conv2D", "DepthwiseConv2D"]);

/**
 * Folds batch norms into the convolutions before them and fuses activations into the layer before them, as converters
 * do for inference.
 */
export function foldForInference(layers) {
  const renamed = new Map();
  const kept = [];
  const byName = new Map();
  const readers = countReaders(layers);
  for (const original of layers) {
    const layer = { ...original, inputs: original.inputs.map((name) => renamed.get(name) ?? name) };
    const before = layer.inputs.length === 1 ? byName.get(layer.inputs[0]) : undefined;
    const isFree = before && readers.get(original.inputs[0]) === 1 && CONVOLUTIONS.has(before.className);
    if (isFree && layer.className === "BatchNormalization" && !before.activation) {
      foldBatchNorm(before, layer);
    } else if (isFree && activationOf(layer) && !before.activation) {
      before.activation = activationOf(layer);
    } else {
      kept.push(layer);
      byName.set(layer.name, layer);
      continue;
    }
    renamed.set(layer.name, before.name);
  }
  return kept;
}

/** How many layers read each layer's value. */
export function countReaders(layers) {
  const counts = new Map();
  for (const { inputs } of layers) {
    for (const name of inputs) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** `relu6` or `relu` if the layer is one of them. */
export function activationOf({ className, config }) {
  if (className === "ReLU") return config.max_value === 6 ? "relu6" : "relu";
  return className === "Activation" && config.activation === "relu" ? "relu" : undefined;
}

function foldBatchNorm(convolution, { config, weights }) {
  const [kernelName, kernel] = Object.entries(convolution.weights)[0];
  const { gamma, beta, moving_mean: mean, moving_variance: variance } = weights;
  const channels = mean.values.length;
  const scale = mean.values.map(
    (_, c) => (gamma?.values[c] ?? 1) / Math.sqrt(variance.values[c] + config.epsilon),
  );
  const old = convolution.weights.bias?.values;
  const bias = mean.values.map((m, c) => (beta?.values[c] ?? 0) + ((old?.[c] ?? 0) - m) * scale[c]);
  const values = kernel.values.map((value, i) => value * scale[i % channels]);
  convolution.weights = {
    [kernelName]: { shape: kernel.shape, values },
    bias: { shape: [channels], values: bias },
  };
}

/**
 * Evaluates a network.
 * @param operators by class name, `(layer, inputs) => value`; and `take(value, isLast)`, what a reader gets
 *   of a value, and `done(value)`, called after a value's last reader.
 * @returns the values of layers that nothing reads, in order.
 */
export function evaluate(layers, image, operators) {
  const left = countReaders(layers);
  const values = new Map();
  const results = [];
  for (const layer of layers) {
    if (layer.className === "InputLayer") {
      values.set(layer.name, image);
      continue;
    }
    const last = [];
    const inputs = layer.inputs.map((name) => {
      const count = left.get(name) - 1;
      left.set(name, count);
      if (count === 0) last.push(name);
      return operators.take(values.get(name), count === 0);
    });
    const operator = operators[layer.className];
    if (!operator) throw new Error(`this peer has no ${layer.className}`);
    const value = operator(layer, inputs);
    for (const name of last) {
      if (values.get(name) !== value && values.get(name) !== image) operators.done(values.get(name));
      values.delete(name);
    }
    values.set(layer.name, value);
    if (!left.has(layer.name)) results.push(value);
  }
  return results;
}
