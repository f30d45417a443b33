// What pictures fold, and that nothing gets lost in folding.

import { describe, expect, it } from "vitest";
import { blockKind, foldedBlocks, groupEdges, singleLayers } from "../../src/drawing/layer_groups.ts";
import { Graph } from "../../src/graph/graph.ts";
import { backboneNamed } from "../../src/models/backbones.ts";
import { layerGraph } from "../../src/nn/layer_graph.ts";
import { Layers } from "../../src/nn/layers.ts";
import { describeBackbone } from "../../src/training/network_layers.ts";

function nodesOf(name: string) {
  const backbone = backboneNamed(name);
  const { records, input } = describeBackbone({ backbone, size: backbone.defaultSize, includeTop: false });
  return layerGraph(records, [input]);
}

const runsOf = (name: string) =>
  foldedBlocks(nodesOf(name)).flatMap(({ blocks: [first, ...more] }) =>
    first === undefined ? [] : [more.length > 0 ? `${blockKind(first)} x ${more.length + 1}` : first],
  );

describe("foldedBlocks", () => {
  it("folds InceptionResNetV2's equal blocks", () => {
    expect(runsOf("InceptionResNetV2")).toEqual([
      "mixed_5b",
      "block35 x 10",
      "mixed_6a",
      "block17 x 20",
      "mixed_7a",
      "block8 x 9",
      "block8_10",
    ]);
    // The input, five convolutions and two pools below, one convolution above.
    expect(foldedBlocks(nodesOf("InceptionResNetV2"))).toHaveLength(7 + 9);
  });

  it("folds NASNetLarge's cells that are fed alike", () => {
    expect(runsOf("NASNetLarge")).toEqual(
      // biome-ignore format: three stages
      [
        "stem_1", "stem_2", "normal_0", "normal_1", "normal x 4",
        "reduce_6", "normal_7", "normal_8", "normal x 4",
        "reduce_12", "normal_13", "normal_14", "normal x 4",
      ],
    );
  });

  it("folds EfficientNetB0's blocks although their dropout grows", () => {
    expect(runsOf("EfficientNetB0")).toContain("block x 2");
    expect(runsOf("EfficientNetB0")).toHaveLength(12);
  });

  it.each(["InceptionResNetV2", "NASNetLarge", "ResNet50"])("keeps every layer of %s, in order", (name) => {
    const nodes = nodesOf(name);
    expect(foldedBlocks(nodes).flatMap((group) => group.nodes)).toEqual(nodes);
    const edges = groupEdges(foldedBlocks(nodes));
    for (const [from, to] of edges) expect(from).toBeLessThan(to);
    expect(new Set(edges.map(String)).size).toBe(edges.length);
  });

  it("joins a convolution with its padding, batch norm and activation, but not across a fork", () => {
    const graph = new Graph();
    const layers = new Layers(graph, { training: false });
    const image = graph.input("image", [1, 8, 8, 3]);
    // biome-ignore format: sides in pairs
    let x = layers.zeroPadding2D(image, { padding: [[1, 1], [1, 1]], name: "pad" });
    x = layers.conv2D(x, { filters: 4, kernelSize: 3, name: "conv" });
    x = layers.batchNormalization(x, { momentum: 0.9, epsilon: 1e-3, name: "bn" });
    const y = layers.reLU(x, { name: "relu" });
    layers.add([x, y], { name: "sum" });
    const nodes = layerGraph(layers.records, [image]);
    const groups = foldedBlocks(nodes);
    const names = groups.map((group) => group.nodes.map(({ name }) => name));
    expect(names).toEqual([["image"], ["pad", "conv", "bn"], ["relu"], ["sum"]]);
    expect(groupEdges(groups)).toEqual([
      [0, 1],
      [1, 2],
      [1, 3],
      [2, 3],
    ]);
    expect(groupEdges(singleLayers(nodes))).toHaveLength(6);
  });
});

describe("blockKind", () => {
  it("is the name without its number", () => {
    const kinds = ["block35_3", "mixed_5b", "stem_1", "conv4_block6", "head"].map(blockKind);
    expect(kinds).toEqual(["block35", "mixed", "stem", "conv4_block", "head"]);
  });
});
