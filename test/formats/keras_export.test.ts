// Models written as Keras' files: held against what Keras itself says of the same networks, and read back.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openHdf } from "../../src/formats/hdf5.ts";
import { writeHdf } from "../../src/formats/hdf5_writer.ts";
import { keras3ModelConfig, writeKerasArchive } from "../../src/formats/keras_archive_writer.ts";
import { legacyModelConfig, writeKerasH5 } from "../../src/formats/keras_h5_writer.ts";
import { type KerasModel, kerasModel, kerasNames } from "../../src/formats/keras_model.ts";
import { depthFirstOrder } from "../../src/formats/keras_order.ts";
import { proceduralWeight } from "../../src/golden/procedural_weights.ts";
import { Graph } from "../../src/graph/graph.ts";
import { backboneNamed } from "../../src/models/backbones.ts";
import { layerGraph } from "../../src/nn/layer_graph.ts";
import { Layers } from "../../src/nn/layers.ts";
import type { PreprocessMode } from "../../src/ops/preprocess.ts";
import { describeBackbone } from "../../src/training/network_layers.ts";
import { openWeights } from "../../src/training/weights_file.ts";

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

// Written by test/golden/keras_layers.py.
const facts: KerasFacts = JSON.parse(readFileSync(join(import.meta.dirname, "keras_layers.json"), "utf8"));

/** A small network with every kind of layer; test/golden/keras_layers.py builds the same in Keras. */
function everyLayer() {
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

const network = everyLayer();
const weights = new Map(
  network.records.flatMap((record) =>
    record.weights.map(({ name, shape }) => [name, proceduralWeight(name, shape, 7)] as const),
  ),
);

const modelWith = (preprocessing: PreprocessMode): KerasModel =>
  kerasModel(network, weights, { name: "every", preprocessing });

const byName = <T extends { readonly name: string }>(items: readonly T[]) =>
  new Map(items.map((item) => [item.name, item]));

describe("a model for Keras", () => {
  const model = modelWith("tf");

  it("has Keras' layers in Keras' order", () => {
    const seen = model.layers.map(({ className, name, inputs }) => [className, name, inputs]);
    expect(seen).toEqual(facts.every_layer.map((layer) => [layer.class, layer.config.name, layer.inputs]));
    expect(model.outputs).toEqual(["coat", "neck"]);
  });

  it("configures each as Keras does", () => {
    for (const [i, { config, className }] of model.layers.entries()) {
      const wanted = facts.every_layer[i]?.config ?? {};
      const { dtype, batch_input_shape: shape, ...own } = config;
      if (className === "InputLayer") expect(shape).toEqual(wanted.batch_shape);
      expect(dtype).toBe("float32");
      expect(wanted, className).toMatchObject(own);
      const silent = Object.keys(wanted).filter((key) => !(key in config));
      const defaults = silent.map((key) => [key, wanted[key]]).filter(([key]) => key !== "batch_shape");
      expect(DEFAULTS, className).toMatchObject(Object.fromEntries(defaults));
    }
  });

  it("gives each layer Keras' weights", () => {
    for (const [i, { name, weights: own }] of model.layers.entries()) {
      const names = own.map((weight) => weight.name.replace("depthwise_kernel", "kernel"));
      const wanted = facts.every_layer[i]?.weights.map((one) => one.replace("depthwise_kernel", "kernel"));
      expect(names, name).toEqual(wanted);
    }
    const count = byName(model.layers).get("normalization")?.weights[2];
    expect(count?.values).toBeInstanceOf(BigInt64Array);
  });

  it("leaves out what no head needs", () => {
    const { input, records } = everyLayer();
    const outputs = records.filter(({ name }) => name === "re_lu_1");
    const cut = kerasModel({ input, records, outputs }, weights, { name: "cut", preprocessing: "none" });
    expect(cut.layers.map(({ name }) => name)).toEqual([
      "image",
      "rescaling",
      "normalization",
      "zero_padding2d",
      "conv2d",
      "batch_normalization",
      "re_lu",
      "depthwise_conv2d",
      "batch_normalization_1",
      "re_lu_1",
    ]);
  });

  it("says which layers did not train", () => {
    const { records } = network;
    const frozen = kerasModel(network, weights, {
      name: "frozen",
      preprocessing: "none",
      frozenRecords: records.length - 2,
    });
    const trained = frozen.layers.filter(({ config }) => config.trainable === true).map(({ name }) => name);
    expect(trained).toEqual(["coat", "neck"]);
  });

  it("wants values of every weight", () => {
    const fewer = new Map(weights);
    fewer.delete("conv2d_1/bias");
    const build = () => kerasModel(network, fewer, { name: "fewer", preprocessing: "tf" });
    expect(build).toThrow("there are no values for conv2d_1/bias");
  });
});

/** Keras' defaults of the entries that are not written. */
const DEFAULTS = {
  trainable: true,
  optional: false,
  invert: false,
  mean: null,
  variance: null,
  negative_slope: 0,
  threshold: 0,
  depth_multiplier: 1,
  dilation_rate: [1, 1],
  activation: "linear",
  groups: 1,
  seed: null,
};

describe("the preprocessing", () => {
  const convolved = (mode: PreprocessMode, pixel: readonly number[]) => {
    const layer = byName(modelWith(mode).layers).get("preprocessing");
    expect(layer?.className).toBe("Conv2D");
    expect(layer?.config).toMatchObject({ filters: 3, kernel_size: [1, 1], trainable: false });
    const [kernel, bias] = layer?.weights ?? [];
    expect(kernel?.shape).toEqual([1, 1, 3, 3]);
    return [0, 1, 2].map((to) => {
      const sum = pixel.reduce(
        (total, value, from) => total + value * Number(kernel?.values[from * 3 + to]),
        0,
      );
      return sum + Number(bias?.values[to]);
    });
  };

  it("turns RGB into BGR without the means for caffe", () => {
    const [b, g, r] = convolved("caffe", [10, 20, 30]);
    expect(b).toBeCloseTo(30 - 103.939, 4);
    expect(g).toBeCloseTo(20 - 116.779, 4);
    expect(r).toBeCloseTo(10 - 123.68, 4);
  });

  it("normalises for torch", () => {
    const [r, g, b] = convolved("torch", [10, 20, 30]);
    expect(r).toBeCloseTo((10 / 255 - 0.485) / 0.229, 5);
    expect(g).toBeCloseTo((20 / 255 - 0.456) / 0.224, 5);
    expect(b).toBeCloseTo((30 / 255 - 0.406) / 0.225, 5);
  });

  it("is left out where there is none", () => {
    const { layers } = modelWith("none");
    expect(layers.map(({ name }) => name)).not.toContain("preprocessing");
    expect(byName(layers).get("rescaling")?.inputs).toEqual(["image"]);
  });
});

describe("names for Keras", () => {
  it("are the heads' own where TensorFlow takes them", () => {
    const names = ["coat_length", "a.b-c>d", "3_x", ".y"];
    expect([...kerasNames(names).values()]).toEqual(names);
  });

  it("replace what TensorFlow does not take and stay different", () => {
    const found = kerasNames(["coat length", "coat_length", "coat/length", "领型", "裙长", "_x"]);
    expect([...found.values()]).toEqual([
      "coat_length_2",
      "coat_length",
      "coat_length_3",
      "head__",
      "head___2",
      "head_x",
    ]);
  });

  it("leave to the model what it has for itself", () => {
    const names = ["preprocessing", "top_level_model_weights", "preprocessing_2"];
    const found = kerasNames(names, ["preprocessing", "top_level_model_weights"]);
    expect([...found.values()]).toEqual(["preprocessing_3", "top_level_model_weights_2", "preprocessing_2"]);
  });

  it("hold in every reference of the model", () => {
    const graph = new Graph();
    const layers = new Layers(graph, { training: false });
    const input = graph.input("image", [1, 2, 2, 3]);
    const x = layers.reLU(input, { name: "preprocessing" });
    layers.reLU(x, { name: "last one" });
    const { records } = layers;
    const outputs = records.slice(-1);
    const model = kerasModel({ input, records, outputs }, new Map(), { name: "x", preprocessing: "tf" });
    expect(model.layers.map(({ name, inputs, config }) => [name, inputs, config.name])).toEqual([
      ["image", [], "image"],
      ["preprocessing", ["image"], "preprocessing"],
      ["preprocessing_2", ["preprocessing"], "preprocessing_2"],
      ["last_one", ["preprocessing_2"], "last_one"],
    ]);
    expect(model.outputs).toEqual(["last_one"]);
  });
});

describe("the order of layers", () => {
  it.each(Object.entries(facts.orders))("of %s is that of Keras' model.layers", (name, wanted) => {
    const described = describeBackbone({
      backbone: backboneNamed(name),
      size: wanted.size,
      includeTop: true,
    });
    const readers = layerGraph(described.records, [described.input]).map((node) => {
      return { name: node.name, inputs: node.predecessors };
    });
    const names = depthFirstOrder(
      readers,
      described.outputs.map((record) => record.name),
    ).map((layer) => layer.name);
    expect(names[0]).toBe("image");
    const digest = hashOf(
      new TextEncoder().encode(
        names
          .slice(1)
          .map((one) => `${one}\n`)
          .join(""),
      ),
    );
    expect([names.length - 1, digest]).toEqual([wanted.layers, wanted.sha256]);
  });

  it("goes by depth, then by the search from the outputs", () => {
    const layer = (name: string, ...inputs: string[]) => ({ name, inputs });
    const layers = [layer("x"), layer("a", "x"), layer("b", "x"), layer("c", "b"), layer("d", "a", "c")];
    layers.push(layer("unused", "a"), layer("e", "d"), layer("f", "b"));
    const order = depthFirstOrder(layers, ["f", "e"]).map(({ name }) => name);
    expect(order).toEqual(["x", "b", "a", "c", "d", "f", "e"]);
  });
});

interface Graphed {
  readonly config: {
    readonly layers: readonly { name: string; inbound_nodes: readonly unknown[] }[];
    readonly input_layers: readonly unknown[];
    readonly output_layers: readonly unknown[];
  };
}

/** Names of the layers that a layer's call refers to, in either of Keras' forms. */
function referencesIn(node: unknown): string[] {
  if (Array.isArray(node)) {
    const isReference = typeof node[0] === "string" && node[1] === 0 && node[2] === 0;
    return isReference ? [node[0]] : node.flatMap(referencesIn);
  }
  if (typeof node !== "object" || node === null) return [];
  return Object.values(node).flatMap(referencesIn);
}

describe("the configuration", () => {
  const forms = { legacy: legacyModelConfig, "Keras 3": keras3ModelConfig };

  it.each(Object.entries(forms))("in the %s form refers to layers that are there", (_, form) => {
    const { config }: Graphed = JSON.parse(JSON.stringify(form(modelWith("caffe"))));
    const names = config.layers.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const [i, { name, inbound_nodes: nodes }] of config.layers.entries()) {
      const references = nodes.flatMap(referencesIn);
      expect(nodes, name).toHaveLength(name === "image" ? 0 : 1);
      expect(references.length > 0, name).toBe(name !== "image");
      for (const reference of references) expect(names.slice(0, i), name).toContain(reference);
    }
    expect(config.input_layers).toEqual(["image", 0, 0]);
    expect(config.output_layers).toEqual([
      ["coat", 0, 0],
      ["neck", 0, 0],
    ]);
  });

  it("of one head names it without a list, as Keras does", () => {
    const { input, records } = network;
    const model = kerasModel({ input, records, outputs: records.slice(-1) }, weights, {
      name: "one",
      preprocessing: "tf",
    });
    expect(legacyModelConfig(model)).toMatchObject({ config: { output_layers: ["neck", 0, 0] } });
    expect(keras3ModelConfig(model)).toMatchObject({ config: { output_layers: ["neck", 0, 0] } });
  });
});

const joined = (pieces: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(pieces));

describe("the files", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  const writers = {
    "model.h5": writeKerasH5,
    "model.keras": async (model: KerasModel) => joined(await writeKerasArchive(model)),
  };

  it.each(Object.entries(writers))("%s gives back every weight", async (path, write) => {
    const file = await openWeights(await write(modelWith("caffe")), path);
    const found = new Map(file.tensors.map((tensor) => [tensor.name, tensor]));
    for (const { name, shape } of network.records.flatMap((record) => record.weights)) {
      expect(found.get(name)?.shape, name).toEqual(shape);
      const isCount = name.endsWith("/count");
      const wanted = weights.get(name)?.map((value) => (isCount ? Math.round(value) : value));
      expect(found.get(name)?.load(), name).toEqual(wanted);
    }
    const extra = [...found.keys()].filter((name) => !weights.has(name));
    expect(extra.sort()).toEqual(["preprocessing/bias", "preprocessing/kernel"]);
    file.close();
  });

  it.each(Object.entries(writers))("%s is the same bytes at any time", async (_, write) => {
    const first = await write(modelWith("tf"));
    vi.useFakeTimers({ toFake: ["Date"], now: new Date("2031-05-06T07:08:09Z") });
    const second = await write(modelWith("tf"));
    expect(hashOf(second)).toBe(hashOf(first));
    expect(new Date().getUTCFullYear()).toBe(2031);
  });

  it("h5 names its version and its model", async () => {
    const session = await openHdf(await writeKerasH5(modelWith("tf")), "model.h5");
    const { attrs } = session.file;
    expect(attrs.keras_version?.value).toMatch(/^3\.\d+\.\d+$/);
    expect(attrs.backend?.value).toBe("tensorflow");
    expect(JSON.parse(String(attrs.model_config?.value))).toEqual(
      JSON.parse(JSON.stringify(legacyModelConfig(modelWith("tf")))),
    );
    session.close();
  });
});

const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("an HDF5 list", () => {
  it("is cut where it is over 64 KB, into pieces of one length or one more", async () => {
    const texts = Array.from({ length: 2001 }, (_, i) => `layer ${i} `.padEnd(64, "é"));
    const bytes = await writeHdf({ tensorBytes: 0, tensors: 1 }, (root) => {
      root.setList("names", texts);
      root.setList("short", ["a", "b"]);
      root.setList("empty", []);
    });
    const session = await openHdf(bytes, "lists.h5");
    const { attrs } = session.file;
    const pieces = Object.keys(attrs).filter((name) => name.startsWith("names"));
    expect(pieces.length).toBeGreaterThan(2);
    expect(attrs.names).toBeUndefined();
    const read = pieces.map((_, i) => attrs[`names${i}`]?.value);
    expect(read.flat()).toEqual(texts);
    const lengths = new Set(read.map((piece) => (Array.isArray(piece) ? piece.length : 0)));
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
    expect(attrs.short?.value).toEqual(["a", "b"]);
    expect(attrs.empty?.shape).toEqual([0]);
    session.close();
  });
});
