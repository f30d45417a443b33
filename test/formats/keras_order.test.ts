// The order of layers in Keras' files: that of Keras' own `model.layers`.

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { depthFirstOrder } from "../../src/formats/keras_order.ts";
import { backboneNamed } from "../../src/models/backbones.ts";
import { layerGraph } from "../../src/nn/layer_graph.ts";
import { describeBackbone } from "../../src/training/network_layers.ts";
import { facts } from "./keras_layers.ts";

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
    const lines = names.slice(1).map((one) => `${one}\n`);
    const digest = createHash("sha256").update(lines.join("")).digest("hex");
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
