// TensorFlow.js: whole networks. Inference with folded batch norms and fused activations, as in a converted graph
// model; training as a tf.layers model with batch norm in training mode and tf.train.adam.

import { activationOf, evaluate, foldForInference, readNetwork } from "./network.mjs";
import { joinRows, readFloats, writeFloats } from "./protocol.mjs";
import { paddingOf } from "./tfjs_operators.mjs";

function inferenceOperators(tf, weightTensors) {
  const of = (layer, name) => weightTensors.get(`${layer.name}/${name}`);
  const activate = (x, kind) => (kind === "relu6" ? tf.relu6(x) : tf.relu(x));
  const pool =
    (operator) =>
    ({ config: { pool_size, strides, padding } }, [x]) =>
      operator(x, pool_size, strides ?? pool_size, padding);
  const convolution =
    (operator, kernel) =>
    (layer, [x]) =>
      operator({
        x,
        filter: of(layer, kernel(layer)),
        strides: layer.config.strides ?? [1, 1],
        pad: paddingOf(layer.config.padding),
        bias: of(layer, "bias"),
        activation: layer.activation ?? "linear",
      });
  return {
    take: (value) => value,
    done: (value) => value.dispose(),
    Conv2D: convolution(tf.fused.conv2d, () => "kernel"),
    DepthwiseConv2D: convolution(tf.fused.depthwiseConv2d, (layer) => Object.keys(layer.weights)[0]),
    BatchNormalization: (layer, [x]) =>
      tf.batchNorm(
        x,
        of(layer, "moving_mean"),
        of(layer, "moving_variance"),
        of(layer, "beta"),
        of(layer, "gamma"),
        layer.config.epsilon,
      ),
    ReLU: (layer, [x]) => activate(x, activationOf(layer)),
    Activation: (layer, [x]) => (layer.config.activation === "linear" ? x : activate(x, activationOf(layer))),
    ZeroPadding2D: ({ config }, [x]) => tf.pad(x, [[0, 0], ...config.padding, [0, 0]]),
    Add: (_, [a, b]) => tf.add(a, b),
    CustomScaleLayer: ({ config }, [x, r]) => tf.tidy(() => tf.add(x, tf.mul(r, config.scale))),
    Concatenate: (_, inputs) => tf.concat(inputs, -1),
    MaxPooling2D: pool(tf.maxPool),
    AveragePooling2D: pool(tf.avgPool),
    GlobalAveragePooling2D: (_, [x]) => tf.mean(x, [1, 2]),
    Dropout: (_, [x]) => x,
    Dense: (layer, [x]) =>
      tf.tidy(() => tf.softmax(tf.fused.matMul({ a: x, b: of(layer, "kernel"), bias: of(layer, "bias") }))),
  };
}

/** Prepares a network's inference and writes its outputs side by side. */
export async function prepareInference({ tf, wait, read }, spec) {
  const layers = foldForInference(readNetwork(spec.files));
  const image = tf.tensor(readFloats(spec.files.image), spec.image);
  const weights = new Map();
  for (const layer of layers) {
    for (const [name, { shape, values }] of Object.entries(layer.weights)) {
      weights.set(`${layer.name}/${name}`, tf.tensor(values, shape));
    }
  }
  const operators = inferenceOperators(tf, weights);
  const compute = () => evaluate(layers, image, operators);
  const results = compute();
  writeFloats(spec.output, joinRows(await Promise.all(results.map(read)), spec.image[0]));
  tf.dispose(results);
  return {
    async run(repeats) {
      for (let i = 0; i < repeats; i++) tf.dispose(compute());
      await wait();
    },
    release: () => tf.dispose([image, [...weights.values()]]),
  };
}

const LAYER_MAKERS = {
  Conv2D: "conv2d",
  DepthwiseConv2D: "depthwiseConv2d",
  BatchNormalization: "batchNormalization",
  ReLU: "reLU",
  Activation: "activation",
  ZeroPadding2D: "zeroPadding2d",
  Add: "add",
  Concatenate: "concatenate",
  MaxPooling2D: "maxPooling2d",
  AveragePooling2D: "averagePooling2d",
  GlobalAveragePooling2D: "globalAveragePooling2d",
  Dropout: "dropout",
  Dense: "dense",
};

/** Keras' configuration under the names of tf.layers. */
function layersConfig({ name, className, config, weights }, dropout) {
  const camel = Object.entries(config).map(([key, value]) => [
    key.replace(/_(.)/g, (_, letter) => letter.toUpperCase()),
    value,
  ]);
  return {
    ...Object.fromEntries(camel.filter(([key, value]) => value !== null && !key.endsWith("Initializer"))),
    name,
    dataFormat: "channelsLast",
    ...(className === "Dense" && { activation: "linear" }),
    ...(className === "Dropout" && { rate: dropout }),
    // The values come from the case; drawing initial ones would cost seconds.
    ...(weights.kernel && { kernelInitializer: "zeros" }),
    ...(weights.depthwise_kernel && { depthwiseInitializer: "zeros" }),
  };
}

/** The network as a tf.layers model that returns logits, with the case's weights. */
function layersModel(tf, layers, dropout) {
  const symbolic = new Map();
  const outputs = [];
  for (const layer of layers) {
    if (layer.className === "InputLayer") {
      symbolic.set(layer.name, tf.input({ shape: layer.shape }));
      continue;
    }
    const inputs = layer.inputs.map((name) => symbolic.get(name));
    const make = tf.layers[LAYER_MAKERS[layer.className] ?? ""];
    if (!make) throw new Error(`tf.layers has no ${layer.className}`);
    const made = make(layersConfig(layer, dropout));
    symbolic.set(layer.name, made.apply(inputs.length === 1 ? inputs[0] : inputs));
    const values = Object.values(layer.weights);
    if (values.length > 0) made.setWeights(values.map(({ shape, values }) => tf.tensor(values, shape)));
    if (layer.className === "Dense") outputs.push(symbolic.get(layer.name));
  }
  const [input] = layers.filter(({ className }) => className === "InputLayer");
  return tf.model({ inputs: symbolic.get(input.name), outputs });
}

/** Prepares a training step: a few steps without dropout for their losses, then the step that is timed. */
export async function prepareTraining({ tf, wait, read }, spec) {
  const layers = readNetwork(spec.files);
  const image = tf.tensor(readFloats(spec.files.image), spec.image);
  const rows = spec.image[0];
  const all = tf.tensor(readFloats(spec.files.labels), [rows, spec.heads.reduce((sum, n) => sum + n, 0)]);
  const labels = tf.split(all, spec.heads, 1);
  const trainer = (dropout) => {
    const model = layersModel(tf, layers, dropout);
    const { learningRate, beta1, beta2, epsilon } = spec.adam;
    const optimizer = tf.train.adam(learningRate, beta1, beta2, epsilon);
    // An all-zero row of labels adds nothing.
    const loss = () => {
      const losses = model
        .apply(image, { training: true })
        .map((logits, head) => tf.neg(tf.sum(tf.mul(labels[head], tf.logSoftmax(logits)))));
      return tf.div(
        losses.reduce((sum, one) => tf.add(sum, one)),
        rows,
      );
    };
    const step = () => optimizer.minimize(loss, true);
    const release = () => {
      model.dispose();
      optimizer.dispose();
    };
    return { step, release };
  };
  const exact = trainer(0);
  const losses = [];
  for (let i = 0; i < spec.steps; i++) {
    const loss = exact.step();
    losses.push((await read(loss))[0]);
    loss.dispose();
  }
  let timed = exact;
  if (spec.dropout > 0) {
    exact.release();
    timed = trainer(spec.dropout);
    timed.step().dispose();
    await wait();
  }
  return {
    losses,
    async run(repeats) {
      for (let i = 0; i < repeats; i++) timed.step().dispose();
      await wait();
    },
    release() {
      timed.release();
      tf.dispose([image, all, labels]);
    },
  };
}
