// Networks as Keras' functional models: held against what Keras itself says of the same network.

import { describe, expect, it } from "vitest";
import { kerasModel, kerasNames } from "../../src/formats/keras_model.ts";
import { Graph } from "../../src/graph/graph.ts";
import { Layers } from "../../src/nn/layers.ts";
import type { PreprocessMode } from "../../src/ops/image/preprocess.ts";
import { everyLayer, facts, modelWith, network, weights } from "./keras_layers.ts";

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
