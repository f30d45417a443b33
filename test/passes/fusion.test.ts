// Fusion: what joins what, and what stays because somebody reads it.

import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { liveNodes } from "../../src/graph/live_nodes.ts";
import { Layers } from "../../src/nn/layers.ts";
import { fuse, fuseForInference } from "../../src/passes/passes.ts";

function convolutionBlock() {
  const graph = new Graph();
  const layers = new Layers(graph, { training: true });
  const padded = layers.zeroPadding2D(graph.input("x", [1, 5, 5, 4]), {
    padding: [
      [0, 1],
      [0, 1],
    ],
  });
  const convolved = layers.depthwiseConv2D(padded, { kernelSize: 3, strides: 2, useBias: false });
  const normalised = layers.batchNormalization(convolved, { momentum: 0.9, epsilon: 1e-3 });
  const y = layers.reLU(normalised, { maxValue: 6 });
  return { graph, padded, normalised, y };
}

const operators = (graph: Graph, wanted: Parameters<typeof liveNodes>[1]) =>
  liveNodes(graph, wanted).map(({ operator }) => operator.name);

describe("fusion", () => {
  it("leaves a depthwise convolution and a batch norm of four layers", () => {
    const { graph, y } = convolutionBlock();
    fuse(graph, [y]);
    expect(operators(graph, [y])).toEqual(["depthwiseConv2d", "batchNorm"]);
    expect(graph.makerOf(y)?.attrs).toMatchObject({ activation: "relu6" });
  });

  it("keeps what is read besides", () => {
    const { graph, padded, normalised, y } = convolutionBlock();
    fuse(graph, [y, padded, normalised]);
    expect(operators(graph, [y, padded, normalised])).toEqual([
      "zeroPad2d",
      "depthwiseConv2d",
      "batchNorm",
      "relu6",
    ]);
  });

  it("keeps a value that a second node reads", () => {
    const { graph, normalised, y } = convolutionBlock();
    const sum = new Layers(graph, { training: true }).add([normalised, y]);
    fuse(graph, [sum]);
    expect(operators(graph, [sum])).toContain("relu6");
  });

  it("folds one batch norm into a convolution, not the one behind it", () => {
    const graph = new Graph();
    const layers = new Layers(graph, { training: false });
    const options = { momentum: 0.9, epsilon: 1e-3 };
    const x = graph.input("x", [1, 5, 5, 4]);
    const convolved = layers.conv2D(x, { filters: 8, kernelSize: 1 });
    const once = layers.batchNormalization(convolved, options);
    const y = layers.reLU(layers.batchNormalization(once, options));
    fuseForInference(graph, [y]);
    expect(operators(graph, [y])).toEqual(["movingStatistics", "conv2d", "batchNorm"]);
    expect(graph.makerOf(y)?.attrs).toMatchObject({ activation: "relu" });
    expect(graph.makerOf(once)?.operator.name).toBe("conv2d");
  });

  it("takes the same ReLU of the same tensor once", () => {
    const graph = new Graph();
    const layers = new Layers(graph, { training: true });
    const x = graph.input("x", [1, 5, 5, 4]);
    const branches = [layers.reLU(x), layers.reLU(x), layers.reLU(x, { maxValue: 6 })] as const;
    const y = layers.add(branches);
    fuse(graph, [y]);
    expect(operators(graph, [y])).toEqual(["relu", "relu6", "add", "add"]);
    expect(graph.nodes).toHaveLength(4);
  });
});
