import { describe, expect, it } from "vitest";
import { layersByGroup, namesIn, parseModelConfig, snakeCase } from "../../src/formats/model_config.ts";

const CONFIG = {
  class_name: "Functional",
  config: {
    name: "outer",
    layers: [
      { class_name: "InputLayer", config: { name: "image" } },
      { class_name: "Conv2D", config: { name: "second" } },
      {
        class_name: "Functional",
        config: { name: "inner", layers: [{ class_name: "Conv2D", name: "own" }] },
      },
      { class_name: "weft>Scale", config: { name: "scale" } },
      { class_name: "Conv2D", config: { name: "first", use_bias: false } },
    ],
  },
};

describe("a model's configuration", () => {
  it("names the groups of Keras 3 in the order of the description", () => {
    expect(Array.from(layersByGroup(CONFIG), ([group, { name }]) => [group, name])).toEqual([
      ["layers/input_layer", "image"],
      ["layers/conv2d", "second"],
      ["layers/functional", "inner"],
      ["layers/functional/layers/conv2d", "own"],
      ["layers/scale", "scale"],
      ["layers/conv2d_1", "first"],
    ]);
    expect(layersByGroup(CONFIG).get("layers/conv2d_1")?.config).toEqual({ name: "first", use_bias: false });
    const { models, layers } = namesIn(CONFIG);
    expect([...models]).toEqual(["outer", "inner"]);
    expect([...layers]).toEqual(["image", "second", "own", "scale", "first"]);
  });

  it("takes Python's NaN and Infinity outside of strings for null", () => {
    expect(parseModelConfig('{"a": NaN, "b": [-Infinity, Infinity], "c": "NaN"}', "f.h5")).toEqual({
      a: null,
      b: [null, null],
      c: "NaN",
    });
    for (const text of ["[1]", "{", "3"]) {
      expect(() => parseModelConfig(text, "f.h5: attribute model_config")).toThrow(
        "f.h5: attribute model_config: expected a model's configuration as JSON, but it cannot be parsed",
      );
    }
  });

  it.each([
    ["Conv2D", "conv2d"],
    ["DepthwiseConv2D", "depthwise_conv2d"],
    ["BatchNormalization", "batch_normalization"],
    ["GlobalAveragePooling2D", "global_average_pooling2d"],
    ["ReLU", "re_lu"],
    ["ZeroPadding2D", "zero_padding2d"],
  ])("%s is %s in Keras' names", (name, expected) => {
    expect(snakeCase(name)).toBe(expected);
  });
});
