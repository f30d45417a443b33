import protobuf from "protobufjs/light.js";
import { describe, expect, it } from "vitest";
import { VERSION } from "../../src/base/version.ts";
import { writeOnnx } from "../../src/formats/onnx.ts";
import { ONNX_MESSAGES } from "../../src/formats/onnx_schema.ts";
import { Graph } from "../../src/graph/graph.ts";
import { BACKBONES } from "../../src/models/backbones.ts";
import { mobileNetV2 } from "../../src/models/mobilenet_v2.ts";
import type { LayerRecord } from "../../src/nn/layer_scope.ts";
import { Layers } from "../../src/nn/layers.ts";
import type { PreprocessMode } from "../../src/ops/image/preprocess.ts";
import { fuse } from "../../src/passes/passes.ts";
import { describeNetwork } from "../../src/training/network_layers.ts";
import { onnxForExport } from "../../src/training/onnx_export.ts";
import { runOnnx } from "./onnx_interpreter.ts";
import {
  joined,
  largestDifference,
  type Predictions,
  predictedLayers,
  predictedNetwork,
  preprocessed,
} from "./onnx_networks.ts";
import { readOnnx, type WireModel } from "./onnx_wire.ts";

// `out_relu` is also a layer of the backbone, one without weights: the output must get the name.
const HEADS = [
  { name: "sleeve length", classes: 5 },
  { name: "out_relu", classes: 3 },
];
const SIZE = 32;
const NETWORK = { backbone: mobileNetV2, alpha: 0.35, size: SIZE, heads: HEADS };

/** Names, order and use of everything in a graph. */
function checkGraph({ inputs, outputs, nodes, initializers }: WireModel): void {
  const available = [...inputs, ...initializers].map(({ name }) => name);
  const used = new Set<string>();
  for (const node of nodes) {
    for (const name of node.inputs) {
      expect(available, `${node.opType} ${node.name} reads it`).toContain(name);
      used.add(name);
    }
    available.push(...node.outputs);
  }
  expect(new Set(available).size, "values have names of their own").toBe(available.length);
  expect(new Set(nodes.map(({ name }) => name)).size, "nodes have names of their own").toBe(nodes.length);
  for (const { name } of outputs) {
    expect(available).toContain(name);
    used.add(name);
  }
  expect(available.filter((name) => !used.has(name))).toEqual([]);
}

/** Runs the file in float64. @returns the largest difference by output. */
function differences(
  model: WireModel,
  pixels: ArrayLike<number>,
  [height, width]: readonly [number, number],
  predictions: Predictions,
): Record<string, number> {
  const data = Float64Array.from(pixels);
  const shape = [data.length / (3 * height * width), height, width, 3];
  const outputs = runOnnx(model, { image: { shape, data } });
  expect(Object.keys(outputs)).toEqual(Object.keys(predictions));
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => {
      return [name, largestDifference(value.data, predictions[name] ?? [])];
    }),
  );
}

describe("writeOnnx", () => {
  it("computes what every layer of weft computes, batch and odd paddings included", async () => {
    const { network, weights, images, predictions } = await predictedLayers(2);
    const model = readOnnx(joined(writeOnnx(network, weights, { name: "all", preprocessing: "none" })));
    checkGraph(model);
    expect(model.outputs).toEqual([
      { name: "map", shape: ["N", 4, 2, 18] },
      { name: "colour", shape: ["N", 5] },
      { name: "sleeve length", shape: ["N", 3] },
    ]);
    const found = differences(model, images, [14, 11], predictions);
    const largest = Math.max(...(predictions.map ?? []).map(Math.abs));
    expect(found.map).toBeLessThan(1e-5 * largest);
    expect(found.colour).toBeLessThan(1e-4);
    expect(found["sleeve length"]).toBeLessThan(1e-4);
  });

  it.each(["tf", "caffe", "torch", "none"] as const)("turns 0..255 into what %s wants", (mode) => {
    const model = pixelModel(mode);
    const pixels = Uint8Array.from({ length: 2 * 3 * 2 * 3 }, (_, i) => (i * 37) % 256);
    const { pixels: got } = runOnnx(model, {
      image: { shape: [2, 3, 2, 3], data: Float64Array.from(pixels) },
    });
    expect(largestDifference(got?.data ?? [], preprocessed(pixels, mode))).toBeLessThan(1e-4);
  });

  it("translates every operator of every backbone", async () => {
    const { network } = await predictedLayers(1);
    const tried = new Set(network.graph.nodes.map(({ operator }) => operator.name));
    for (const backbone of BACKBONES.values()) {
      const { graph } = describeNetwork({ backbone, alpha: undefined, size: backbone.minSize, heads: HEADS });
      const used = new Set(graph.nodes.map(({ operator }) => operator.name));
      expect(
        [...used].filter((name) => !tried.has(name)),
        backbone.name,
      ).toEqual([]);
    }
  });

  it("gives the same bytes for the same network, and reads back by the descriptor", async () => {
    const { network, weights } = await predictedLayers(1);
    const write = () => joined(writeOnnx(network, weights, { name: "all", preprocessing: "tf" }));
    const file = write();
    expect(Buffer.from(file).equals(write())).toBe(true);
    const type = protobuf.Root.fromJSON(ONNX_MESSAGES).lookupType("ModelProto");
    const message = type.toObject(type.decode(file), { longs: Number });
    const model = readOnnx(file);
    expect(message.irVersion).toBe(model.irVersion);
    expect(message.graph.node.map((node: { opType: string }) => node.opType)).toEqual(
      model.nodes.map(({ opType }) => opType),
    );
    expect(message.graph.initializer.map((tensor: { dims: number[] }) => tensor.dims ?? [])).toEqual(
      model.initializers.map(({ shape }) => shape),
    );
    const { rawData } = message.graph.initializer.find(
      (tensor: { name: string }) => tensor.name === "colour/bias",
    );
    expect(new Float32Array(new Uint8Array(rawData).buffer)).toEqual(weights.get("colour/bias"));
  });

  it("does not take a network that was fused for weft's kernels", async () => {
    const { network, weights } = await predictedLayers(1);
    fuse(
      network.graph,
      network.outputs.map(({ output }) => output),
    );
    expect(() => writeOnnx(network, weights, { name: "all", preprocessing: "none" })).toThrow(
      /before fusion/,
    );
  });

  it("says which weight has no values or the wrong number", async () => {
    const { network, weights } = await predictedLayers(1);
    const options = { name: "all", preprocessing: "none" } as const;
    const without = new Map([...weights].filter(([name]) => name !== "colour/kernel"));
    expect(() => writeOnnx(network, without, options)).toThrow("there are no values for colour/kernel");
    const short = new Map([...weights, ["colour/bias", new Float32Array(4)]]);
    expect(() => writeOnnx(network, short, options)).toThrow(
      "colour/bias expects values for [5], received 4",
    );
  });

  it("refuses more than 2 GB before it looks at the values", () => {
    const { network } = denseNetwork("wide", 60_000);
    expect(() => writeOnnx(network, new Map(), { name: "wide", preprocessing: "none" })).toThrow(
      /^an ONNX file holds at most 2 GB and this network has 2\.6 GB of weights; export it as h5/,
    );
  });

  it("refuses an output called as the input is", () => {
    const { network } = denseNetwork("image", 4);
    expect(() => writeOnnx(network, new Map(), { name: "image", preprocessing: "none" })).toThrow(
      "an attribute of the data is called image, as the input of the ONNX model is; rename it",
    );
  });
});

/** A model whose only output is its own input, preprocessed. */
function pixelModel(preprocessing: PreprocessMode): WireModel {
  const graph = new Graph();
  const input = graph.input("pixels", [1, 3, 2, 3]);
  const output: LayerRecord = {
    name: "pixels",
    className: "InputLayer",
    config: {},
    inputs: [],
    output: input,
    weights: [],
    block: undefined,
  };
  const model = readOnnx(
    joined(writeOnnx({ graph, input, outputs: [output] }, new Map(), { name: "pixels", preprocessing })),
  );
  checkGraph(model);
  return model;
}

/** A network of one layer. */
function denseNetwork(name: string, units: number) {
  const graph = new Graph();
  const layers = new Layers(graph, { training: false });
  const input = graph.input("pixels", [1, 60, 60, 3]);
  layers.dense(layers.reshape(input, { targetShape: [60 * 60 * 3] }), { units, name });
  return { network: { graph, input, outputs: layers.records.slice(-1) } };
}

describe("onnxForExport", () => {
  it("predicts as weft does, with the preprocessing inside or outside", async () => {
    const { weights, images, predictions } = await predictedNetwork(NETWORK, 2);
    const run = { network: NETWORK, weights };
    for (const includePreprocessing of [true, false]) {
      const model = readOnnx(joined(onnxForExport(run, describeNetwork(NETWORK), includePreprocessing)));
      checkGraph(model);
      expect(model.outputs.map(({ name }) => name)).toEqual(["sleeve length", "out_relu"]);
      const pixels = includePreprocessing ? images : preprocessed(images, "tf");
      const found = differences(model, pixels, [SIZE, SIZE], predictions);
      expect(Math.max(...Object.values(found))).toBeLessThan(1e-4);
    }
  });

  it("says what it is", () => {
    const description = describeNetwork(NETWORK);
    const weights = new Map(
      description.records
        .flatMap((record) => record.weights)
        .map(({ name, shape }) => {
          return [name, new Float32Array(shape.reduce((product, size) => product * size, 1))];
        }),
    );
    const run = { network: NETWORK, weights };
    const model = readOnnx(joined(onnxForExport(run, description, true)));
    expect(model).toMatchObject({ irVersion: 8, opset: 17, producer: `weft ${VERSION}` });
    expect(model.graphName).toBe("MobileNetV2");
    expect(model.inputs).toEqual([{ name: "image", shape: ["N", SIZE, SIZE, 3] }]);
    expect(model.metadata).toEqual({
      backbone: "MobileNetV2",
      alpha: "0.35",
      size: "32",
      heads: JSON.stringify(HEADS),
      preprocessing: "tf",
      input: "0..255",
    });
    expect(readOnnx(joined(onnxForExport(run, description, false))).metadata.input).toBe("preprocessed");
  });
});
