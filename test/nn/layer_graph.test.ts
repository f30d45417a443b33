// Who reads whom among layers.

import { describe, expect, it } from "vitest";
import { WeftError } from "../../src/base/errors.ts";
import { Graph } from "../../src/graph/graph.ts";
import { mobileNetV2 } from "../../src/models/mobilenet_v2.ts";
import { layerGraph, layerReaders } from "../../src/nn/layer_graph.ts";
import { Layers } from "../../src/nn/layers.ts";
import { describeBackbone, describeNetwork } from "../../src/training/network_layers.ts";

function begin() {
  const graph = new Graph();
  const layers = new Layers(graph, { training: false });
  return { layers, image: graph.input("image", [1, 8, 8, 3]) };
}

const byName = (nodes: ReturnType<typeof layerGraph>) =>
  Object.fromEntries(nodes.map(({ name, predecessors }) => [name, predecessors]));

describe("layerGraph", () => {
  it("names what each layer reads, in the order of its inputs", () => {
    const { layers, image } = begin();
    const a = layers.conv2D(image, { filters: 4, kernelSize: 1, activation: "relu", name: "a" });
    const b = layers.conv2D(image, { filters: 4, kernelSize: 1, name: "b" });
    layers.concatenate([b, a, b], { name: "joined" });
    const nodes = layerGraph(layers.records, [image]);
    expect(nodes.map(({ id, name }) => [id, name])).toEqual([
      [0, "image"],
      [1, "a"],
      [2, "b"],
      [3, "joined"],
    ]);
    expect(byName(nodes)).toEqual({ image: [], a: ["image"], b: ["image"], joined: ["b", "a", "b"] });
    expect(nodes[0]?.record).toBeUndefined();
    expect(nodes[1]?.record).toBe(layers.records[0]);
    const readers = layerReaders(nodes);
    expect(readers.get("image")?.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(readers.get("b")?.map(({ name }) => name)).toEqual(["joined"]);
    expect(readers.get("joined")).toEqual([]);
  });

  it("lets later layers read a dropout that hands its input on, and earlier ones its input", () => {
    const { layers, image } = begin();
    const x = layers.globalAveragePooling2D(image, { name: "pool" });
    layers.dense(x, { units: 2, name: "before" });
    const dropped = layers.dropout(x, { rate: 0.5, name: "drop" });
    expect(dropped).toBe(x);
    layers.dense(dropped, { units: 2, name: "after" });
    expect(byName(layerGraph(layers.records, [image]))).toEqual({
      image: [],
      pool: ["image"],
      before: ["pool"],
      drop: ["pool"],
      after: ["drop"],
    });
  });

  it("refuses layers of one name and tensors from nowhere", () => {
    const { layers, image } = begin();
    layers.reLU(image, { name: "same" });
    layers.reLU(image, { name: "same" });
    expect(() => layerGraph(layers.records, [image])).toThrow(WeftError);
    expect(() => layerGraph(layers.records, [image])).toThrow(/^two layers are called same; /);
    expect(() => layerGraph(layers.records.slice(0, 1), [])).toThrow(
      "same reads image, which no layer makes",
    );
  });
});

describe("describeNetwork", () => {
  it("has the backbone, its average, dropout and a softmax for each attribute", () => {
    const heads = [
      { name: "colour", classes: 3 },
      { name: "tone", classes: 2 },
    ];
    const network = describeNetwork({ backbone: mobileNetV2, alpha: 0.35, size: 96, heads, dropout: 0.2 });
    const nodes = layerGraph(network.records, [network.input]);
    const [pool, dropout, colour, tone] = nodes.slice(-4);
    expect(pool?.record?.className).toBe("GlobalAveragePooling2D");
    expect(dropout).toMatchObject({ name: "dropout", predecessors: [pool?.name] });
    expect(dropout?.record?.config).toMatchObject({ rate: 0.2 });
    expect(colour).toMatchObject({ name: "colour", predecessors: ["dropout"] });
    expect(tone?.record?.config).toMatchObject({ units: 2, activation: "softmax" });
    expect(tone?.output.shape).toEqual([1, 2]);
    expect(network.outputs.map(({ name }) => name)).toEqual(["colour", "tone"]);
    expect(network.records[network.backboneRecords - 1]).toBe(pool?.record);
  });
});

describe("describeBackbone", () => {
  it("builds with and without the top", () => {
    const common = { backbone: mobileNetV2, alpha: 0.35, size: 96 };
    const top = describeBackbone({ ...common, includeTop: true, classes: 10 });
    expect(top.outputs.map(({ name, output }) => [name, output.shape])).toEqual([["predictions", [1, 10]]]);
    const bare = describeBackbone({ ...common, includeTop: false });
    expect(bare.outputs.map(({ name, output }) => [name, output.shape])).toEqual([
      ["out_relu", [1, 3, 3, 1280]],
    ]);
    expect(bare.backboneRecords).toBe(bare.records.length);
  });
});
