// jax-js: whole networks in jitted functions. Inference with folded batch norms; the training step with batch norm
// composed of means (jax-js has no batch norm), valueAndGrad, and Adam written out.

import { channelsFirst, kernelFirst } from "./channels.mjs";
import { poolOf } from "./jax_operators.mjs";
import { activationOf, evaluate, foldForInference, readNetwork } from "./network.mjs";
import { joinRows, readFloats, writeFloats } from "./protocol.mjs";

const MOVING = ["moving_mean", "moving_variance"];

/** The network's weights as arrays by `layer/weight`: kernels [K,C,R,S], vectors of channels [1,C,1,1]. */
function arraysOf({ numpy: np }, layers) {
  const arrays = {};
  for (const layer of layers) {
    for (const [name, weight] of Object.entries(layer.weights)) {
      const { values, shape } = inLayout(layer.className, weight);
      arrays[`${layer.name}/${name}`] = np.array(values).reshape(shape);
    }
  }
  return arrays;
}

function inLayout(className, { values, shape }) {
  if (className === "Dense") return { values, shape };
  if (shape.length === 1) return { values, shape: [1, shape[0], 1, 1] };
  return kernelFirst(values, shape, className === "DepthwiseConv2D");
}

/** Padding of a layer in pixels on each side. */
function padsOf({ config, inputShape }, window, strides) {
  if (config.padding !== "same") return [0, 1].map(() => [0, 0]);
  return [0, 1].map((axis) => {
    const size = inputShape[axis];
    const total = Math.max(0, (Math.ceil(size / strides[axis]) - 1) * strides[axis] + window[axis] - size);
    return [total >> 1, total - (total >> 1)];
  });
}

/**
 * Operators over weights.
 * @param batchNorm applied to a layer's input
 * @param denseInput applied to the features before the heads
 */
function operatorsOf(jax, weights, { batchNorm, dropout = (x) => x, isLogits = false }) {
  const { numpy: np, lax, nn } = jax;
  const activate = (x, kind) => (kind === "relu6" ? nn.relu6(x) : kind === "relu" ? nn.relu(x) : x);
  const convolution = (layer, [x]) => {
    const isDepthwise = layer.className === "DepthwiseConv2D";
    const strides = layer.config.strides ?? [1, 1];
    const kernel = weights[`${layer.name}/${isDepthwise ? "depthwise_kernel" : "kernel"}`];
    const bias = weights[`${layer.name}/bias`];
    const featureGroupCount = isDepthwise ? x.shape[1] : 1;
    const pads = padsOf(layer, layer.config.kernel_size, strides);
    const y = lax.convGeneralDilated(x, kernel, strides, pads, { featureGroupCount });
    return activate(bias ? y.add(bias) : y, layer.activation);
  };
  const pool =
    (kind) =>
    (layer, [x]) => {
      const { pool_size: size, strides = size } = layer.config;
      const [n, c, h, w] = x.shape;
      return poolOf(jax, kind, { size, strides, pads: padsOf(layer, size, strides), x: [n, h, w, c] })(x);
    };
  return {
    take: (value, isLast) => (isLast ? value : value.ref),
    done: () => undefined,
    Conv2D: convolution,
    DepthwiseConv2D: convolution,
    BatchNormalization: batchNorm,
    ReLU: (layer, [x]) => activate(x, activationOf(layer)),
    Activation: (layer, [x]) => activate(x, activationOf(layer)),
    ZeroPadding2D: ({ config }, [x]) => np.pad(x, [[0, 0], [0, 0], ...config.padding]),
    Add: (_, [a, b]) => a.add(b),
    CustomScaleLayer: ({ config }, [x, r]) => x.add(r.mul(config.scale)),
    Concatenate: (_, inputs) => np.concatenate(inputs, 1),
    MaxPooling2D: pool("max"),
    AveragePooling2D: pool("avg"),
    GlobalAveragePooling2D: (_, [x]) => np.mean(x, [2, 3]),
    Dropout: (_, [x]) => dropout(x),
    Dense(layer, [x]) {
      const y = np.matmul(x, weights[`${layer.name}/kernel`]).add(weights[`${layer.name}/bias`]);
      return isLogits ? y : nn.softmax(y, -1);
    },
  };
}

/** Layers with the shape of what they read, [H,W,C]. */
function withInputShapes(layers) {
  const shapes = new Map(layers.map(({ name, shape }) => [name, shape]));
  return layers.map((layer) => ({ ...layer, inputShape: shapes.get(layer.inputs[0]) }));
}

function imageArray({ numpy: np }, spec) {
  const { values, shape } = channelsFirst(readFloats(spec.files.image), spec.image);
  return np.array(values).reshape(shape);
}

/** Prepares a network's inference and writes its outputs side by side. */
export async function prepareInference({ jax, wait, read }, spec) {
  // The shapes are those of the unfolded network: folding removes layers that keep them.
  const layers = foldForInference(withInputShapes(readNetwork(spec.files)));
  const weights = arraysOf(jax, layers);
  const image = imageArray(jax, spec);
  const batchNorm = (layer, [x]) => {
    const of = (name) => weights[`${layer.name}/${name}`];
    const scale = jax.numpy.sqrt(of("moving_variance").add(layer.config.epsilon));
    const y = x.sub(of("moving_mean")).div(scale);
    return (of("gamma") ? y.mul(of("gamma")) : y).add(of("beta"));
  };
  const jitted = jax.jit((values, x) => evaluate(layers, x, operatorsOf(jax, values, { batchNorm })));
  const compute = () => jitted(jax.tree.ref(weights), image.ref);
  const outputs = await Promise.all(compute().map(read));
  writeFloats(spec.output, joinRows(outputs, spec.image[0]));
  return {
    async run(repeats) {
      const results = Array.from({ length: repeats }, compute);
      await wait(results);
      jax.tree.dispose(results);
    },
    release() {
      jax.tree.dispose(weights);
      image.dispose();
      jitted.dispose();
    },
  };
}

/** Batch norm in training mode, which records the update of the moving averages. */
function trainingNorm({ numpy: np }, trained, fixed, moved) {
  const axis = [0, 2, 3];
  return ({ name, config: { epsilon, momentum } }, [x]) => {
    const of = (weight) => trained[`${name}/${weight}`];
    const mean = np.mean(x.ref, axis, { keepdims: true });
    const centred = x.sub(mean.ref);
    const variance = np.mean(np.square(centred.ref), axis, { keepdims: true });
    for (const [weight, value] of [
      ["moving_mean", mean],
      ["moving_variance", variance.ref],
    ]) {
      const key = `${name}/${weight}`;
      moved[key] = fixed[key].mul(momentum).add(value.mul(1 - momentum));
    }
    const y = centred.div(np.sqrt(variance.add(epsilon)));
    return (of("gamma") ? y.mul(of("gamma")) : y).add(of("beta"));
  };
}

function lossOf(jax, layers, { heads, image: [rows] }) {
  const { numpy: np, nn } = jax;
  return (trained, fixed, image, mask, labels) => {
    const moved = {};
    const operators = operatorsOf(jax, trained, {
      batchNorm: trainingNorm(jax, trained, fixed, moved),
      dropout: (x) => x.mul(mask),
      isLogits: true,
    });
    const logits = evaluate(layers, image, operators);
    const losses = logits.map((values, head) => np.sum(nn.logSoftmax(values, -1).mul(labels[head])));
    if (losses.length !== heads.length) throw new Error("a head is missing");
    return [losses.reduce((sum, one) => sum.add(one)).mul(-1 / rows), moved];
  };
}

/** Adam as Keras has it; `step` counts from 1. */
function adamOf({ numpy: np, tree }, { learningRate, beta1, beta2, epsilon }) {
  return ({ trained, m, v, step }, gradients) => {
    const next = step.add(1);
    const remaining = (beta) =>
      np
        .exp(next.ref.mul(Math.log(beta)))
        .mul(-1)
        .add(1);
    const rate = np.sqrt(remaining(beta2)).div(remaining(beta1)).mul(learningRate);
    const newM = tree.map((old, g) => old.mul(beta1).add(g.ref.mul(1 - beta1)), m, gradients);
    const newV = tree.map((old, g) => old.mul(beta2).add(np.square(g).mul(1 - beta2)), v, gradients);
    const update = (w, a, b) => w.sub(a.ref.mul(rate.ref).div(np.sqrt(b.ref).add(epsilon)));
    const updated = tree.map(update, trained, newM, newV);
    rate.dispose();
    return { trained: updated, m: newM, v: newV, step: next };
  };
}

const pick = (arrays, isWanted) =>
  Object.fromEntries(Object.entries(arrays).filter(([key]) => isWanted(key)));

/** Prepares a training step: steps without dropout for their losses; timed steps are the same program. */
export async function prepareTraining({ jax, wait, read }, spec) {
  const { numpy: np, tree } = jax;
  const layers = withInputShapes(readNetwork(spec.files));
  const all = arraysOf(jax, layers);
  const isMoving = (key) => MOVING.some((name) => key.endsWith(`/${name}`));
  const trained = pick(all, (key) => !isMoving(key));
  const zeros = () => tree.map((array) => np.zeros(array.shape), trained);
  let state = { trained, m: zeros(), v: zeros(), step: np.zeros([1]), fixed: pick(all, isMoving) };
  const image = imageArray(jax, spec);
  const rows = spec.image[0];
  const { labels, newMask } = hostInputs(np, layers, spec, rows);

  const loss = jax.valueAndGrad(lossOf(jax, layers, spec), { hasAux: true });
  const adam = adamOf(jax, spec.adam);
  const jitted = jax.jit(({ fixed, ...optimized }, x, mask, answers) => {
    const [[value, moved], gradients] = loss(tree.ref(optimized.trained), fixed, x, mask, answers);
    return [{ ...adam(optimized, gradients), fixed: moved }, value];
  });
  let mask = newMask(0);
  const step = () => {
    const [next, value] = jitted(state, image.ref, mask.ref, tree.ref(labels));
    state = next;
    return value;
  };
  const losses = [];
  for (let i = 0; i < spec.steps; i++) losses.push((await read(step()))[0]);
  mask.dispose();
  mask = newMask(spec.dropout);
  return {
    losses,
    async run(repeats) {
      const values = Array.from({ length: repeats }, step);
      await wait([values, state]);
      tree.dispose(values);
    },
    release() {
      tree.dispose([state, labels, image, mask]);
      jitted.dispose();
    },
  };
}

/** Labels by head, and masks of the features that drop the given share and scale the rest. */
function hostInputs(np, layers, { files, heads }, rows) {
  const width = heads.reduce((sum, classes) => sum + classes, 0);
  const joined = readFloats(files.labels);
  let offset = 0;
  const labels = heads.map((classes) => {
    const start = offset;
    offset += classes;
    const own = Array.from({ length: rows }, (_, row) => [
      ...joined.subarray(row * width + start, row * width + start + classes),
    ]);
    return np.array(Float32Array.from(own.flat())).reshape([rows, classes]);
  });
  const [features] = layers.find(({ className }) => className === "Dropout").shape;
  const newMask = (rate) => {
    const isKept = (i) => ((i * 2654435761) % 4294967296) / 4294967296 >= rate;
    const values = Float32Array.from({ length: rows * features }, (_, i) => (isKept(i) ? 1 / (1 - rate) : 0));
    return np.array(values).reshape([rows, features]);
  };
  return { labels, newMask };
}
