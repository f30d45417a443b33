// The files that peers read instead of weft's own objects: operators and networks as ONNX models, networks as Keras'
// layers in JSON with their weights concatenated.

import type { Shape } from "../../src/base/tensors.ts";
import { kerasModel } from "../../src/formats/keras_model.ts";
import { writeOnnx } from "../../src/formats/onnx.ts";
import { encodeOnnx, type OnnxAttribute, type OnnxNode } from "../../src/formats/onnx_schema.ts";
import type { NetworkDescription } from "../../src/training/network_layers.ts";
import type { Geometry, OperatorTensors } from "./operators.ts";

/** An output of operator models besides the result: its first element, small enough to wait for. */
const PROBE = "probe";

/** A network's layers and weights as engines/network.mjs reads them. */
export function networkFiles(
  network: NetworkDescription,
  weights: ReadonlyMap<string, Float32Array>,
): { readonly layers: string; readonly weights: Float32Array } {
  const model = kerasModel(network, weights, { name: "network", preprocessing: "none" });
  const variables = model.layers.flatMap((layer) => layer.weights);
  const joined = new Float32Array(variables.reduce((sum, { values }) => sum + values.length, 0));
  let offset = 0;
  for (const { values } of variables) {
    joined.set(Float32Array.from(values, Number), offset);
    offset += values.length;
  }
  const layers = model.layers.map((layer) => ({
    ...layer,
    weights: layer.weights.map(({ name, shape }) => ({ name, shape })),
  }));
  return { layers: JSON.stringify(layers), weights: joined };
}

/** A network as an ONNX model that takes the preprocessed image. */
export function networkOnnx(
  network: NetworkDescription,
  weights: ReadonlyMap<string, Float32Array>,
): Uint8Array[] {
  return writeOnnx(network, weights, { name: "network", preprocessing: "none" });
}

const ints = (...values: number[]): OnnxAttribute => ({ ints: values });

/**
 * An operator as an ONNX model: input `input` and outputs `result` and `probe`, images [N,H,W,C]; the
 * transpositions around the operator cancel out in engines that compute with channels last. The data
 * gradient is a ConvTranspose of `dy`.
 * @returns undefined if ONNX has no such operator
 */
export function operatorOnnx(geometry: Geometry, { w }: OperatorTensors): Uint8Array[] | undefined {
  const { work, x, y } = geometry;
  const isConvolution = work.op === "conv2d" || work.op === "depthwiseConv2d";
  const isGradient = work.pass === "dataGradient";
  if (work.pass === "weightGradient" || work.pass === "gradient") return undefined;
  const node = (
    opType: string,
    inputs: string[],
    output: string,
    attributes: OnnxNode["attributes"] = {},
  ): OnnxNode => ({ name: output, opType, inputs, outputs: [output], attributes });
  const opType = {
    conv2d: isGradient ? "ConvTranspose" : "Conv",
    depthwiseConv2d: isGradient ? "ConvTranspose" : "Conv",
    maxPool2d: "MaxPool",
    avgPool2d: "AveragePool",
  }[work.op];
  const inputs = isConvolution ? ["first", "w"] : ["first"];
  const wholes = (name: string, values: number[]) => ({
    name,
    dims: [values.length],
    data: BigInt64Array.from(values, BigInt),
  });
  return encodeOnnx({
    name: "operator",
    inputs: [{ name: "input", dims: isGradient ? y : x }],
    outputs: [
      { name: "result", dims: isGradient ? x : y },
      { name: PROBE, dims: [1, 1, 1, 1] },
    ],
    nodes: [
      node("Transpose", ["input"], "first", { perm: ints(0, 3, 1, 2) }),
      node(opType, inputs, "last", operatorAttributes(geometry)),
      node("Transpose", ["last"], "result", { perm: ints(0, 2, 3, 1) }),
      node("Slice", ["result", "starts", "ends", "axes"], PROBE),
    ],
    initializers: [
      wholes("starts", [0, 0, 0, 0]),
      wholes("ends", [1, 1, 1, 1]),
      wholes("axes", [0, 1, 2, 3]),
      ...(isConvolution ? [kernelTensor(geometry, w)] : []),
    ],
    metadata: {},
  });
}

/** A model that returns its input: a way to place a tensor on the engine's device. */
export function copyOnnx(dims: Shape): Uint8Array[] {
  return encodeOnnx({
    name: "copy",
    inputs: [{ name: "input", dims }],
    outputs: [{ name: "copy", dims }],
    nodes: [{ name: "copy", opType: "Identity", inputs: ["input"], outputs: ["copy"], attributes: {} }],
    initializers: [],
    metadata: {},
  });
}

function operatorAttributes({ work, x, w, y, pads }: Geometry): Record<string, OnnxAttribute> {
  const [r = 0, s = 0] = w;
  const [[top, bottom], [left, right]] = pads;
  const rest = (axis: 1 | 2, window: number, stride: number, padding: number) =>
    (x[axis] ?? 0) - (((y[axis] ?? 0) - 1) * stride + window - padding);
  const [strideY, strideX] = work.strides;
  return {
    kernel_shape: ints(r, s),
    strides: ints(strideY, strideX),
    pads: ints(top, left, bottom, right),
    ...(work.op === "depthwiseConv2d" && { group: { int: x[3] ?? 0 } }),
    ...(work.pass === "dataGradient" && {
      output_padding: ints(rest(1, r, strideY, top + bottom), rest(2, s, strideX, left + right)),
    }),
  };
}

/** [R,S,C,K] as ONNX' [K,C,R,S], of depthwise convolutions [R,S,C,1] as [C,1,R,S]. */
function kernelTensor({ work, w }: Geometry, values: Float32Array) {
  const [r = 0, s = 0, c = 0, k = 0] = w;
  const isDepthwise = work.op === "depthwiseConv2d";
  const data = new Float32Array(values.length);
  const taps = r * s;
  for (let tap = 0; tap < taps; tap++) {
    for (let i = 0; i < c; i++) {
      for (let o = 0; o < k; o++) {
        const to = isDepthwise ? i * taps + tap : (o * c + i) * taps + tap;
        data[to] = values[(tap * c + i) * k + o] ?? 0;
      }
    }
  }
  return { name: "w", dims: isDepthwise ? [c, 1, r, s] : [k, c, r, s], data };
}
