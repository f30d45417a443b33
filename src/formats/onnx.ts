// A network as an ONNX model: input `image` [N,H,W,3] float32 with N free, and an output for each of the network's last
// layers under its name. Images are 0..255 RGB if the model includes the preprocessing. Inside the model images are
// [N,C,H,W], which is ONNX' only layout.

import { WeftError } from "../base/errors.ts";
import { byteSize } from "../base/tensors.ts";
import type { Graph, GraphNode, Tensor } from "../graph/graph.ts";
import type { LayerRecord } from "../nn/layer_scope.ts";
import { CONVERSIONS, type PreprocessMode } from "../ops/image/preprocess.ts";
import { OnnxGraph } from "./onnx_graph.ts";
import { translateNode } from "./onnx_operators.ts";
import { encodeOnnx, requireOnnxSize } from "./onnx_schema.ts";

/** A network in inference mode for one image, before fusion, such as `describeNetwork` returns. */
export interface OnnxNetwork {
  readonly graph: Graph;
  /** [1,H,W,3] */
  readonly input: Tensor;
  /** Layers that the model returns. */
  readonly outputs: readonly LayerRecord[];
}

/** What an ONNX file says of a network beside its graph. */
export interface OnnxOptions {
  /** Name of the graph. */
  readonly name: string;
  /** How the model turns 0..255 into the network's input; `none` if it takes the network's input. */
  readonly preprocessing: PreprocessMode;
  /** The file's metadata_props. */
  readonly metadata?: Readonly<Record<string, string>>;
}

const INPUT = "image";
/** The name of the free batch size. */
const BATCH = "N";

const CHANNELS_FIRST = { perm: { ints: [0, 3, 1, 2] } };
const CHANNELS_LAST = { perm: { ints: [0, 2, 3, 1] } };

/**
 * Writes the model.
 * @param weights every weight of the network by `layer/weight`
 * @returns the file in pieces, one after the other
 * @throws WeftError if a weight has no values, an output cannot have its name, or the file would be larger than 2 GB.
 */
export function writeOnnx(
  { graph, input, outputs }: OnnxNetwork,
  weights: ReadonlyMap<string, Float32Array>,
  { name, preprocessing, metadata = {} }: OnnxOptions,
): Uint8Array[] {
  const nodes = liveNodes(
    graph,
    outputs.map(({ output }) => output),
  );
  requireOnnxSize(weightBytes(nodes));
  requireNames(outputs);
  const onnx = new OnnxGraph(weights, [INPUT, ...outputs.map((record) => record.name)]);
  addInput(onnx, input, preprocessing);
  for (const record of outputs) {
    if (isDirect(record) && !onnx.hasValue(record.output)) onnx.nameValue(record.output, record.name);
  }
  for (const node of nodes) translateNode(onnx, node);
  for (const record of outputs) addOutput(onnx, record);
  return encodeOnnx({
    name,
    inputs: [{ name: INPUT, dims: withFreeBatch(input) }],
    outputs: outputs.map((record) => ({ name: record.name, dims: withFreeBatch(record.output) })),
    nodes: onnx.nodes,
    initializers: onnx.initializers,
    metadata,
  });
}

const withFreeBatch = ({ shape }: Tensor): (number | string)[] => [BATCH, ...shape.slice(1)];

/** The nodes that the outputs need, in order. */
function liveNodes(graph: Graph, outputs: readonly Tensor[]): GraphNode[] {
  const needed = new Set<Tensor>(outputs);
  const live = graph.nodes.toReversed().filter((node) => {
    const isNeeded = Object.values(node.outputs).some((tensor) => needed.has(tensor));
    if (isNeeded) for (const tensor of Object.values(node.inputs)) needed.add(tensor);
    return isNeeded;
  });
  return live.reverse();
}

function weightBytes(nodes: readonly GraphNode[]): number {
  const inputs = new Set(nodes.flatMap((node) => Object.values(node.inputs)));
  return [...inputs].reduce((sum, tensor) => sum + (tensor.kind === "variable" ? byteSize(tensor) : 0), 0);
}

function requireNames(outputs: readonly LayerRecord[]): void {
  const seen = new Set([INPUT]);
  for (const { name } of outputs) {
    if (name === "" || seen.has(name)) {
      throw new WeftError(
        name === INPUT
          ? `an attribute of the data is called ${INPUT}, as the input of the ONNX model is; rename it`
          : `the outputs of an ONNX model need names of their own, and one is "${name}"; rename that attribute`,
      );
    }
    seen.add(name);
  }
}

/** From `image` to the network's input, channels first. */
function addInput(onnx: OnnxGraph, input: Tensor, preprocessing: PreprocessMode): void {
  const transposed = onnx.add("Transpose", [INPUT], "image/channels_first", CHANNELS_FIRST);
  if (preprocessing === "none") {
    onnx.nameValue(input, transposed);
    return;
  }
  const { reversed, scale, offset } = CONVERSIONS[preprocessing];
  let value = transposed;
  if (reversed) {
    const order = onnx.wholes("preprocessing/channels", [2, 1, 0]);
    value = onnx.add("Gather", [value, order], "image/bgr", { axis: { int: 1 } });
  }
  if (scale.some((factor) => factor !== 1)) {
    value = onnx.add("Mul", [value, onnx.floats("preprocessing/scale", [1, 3, 1, 1], scale)], "image/scaled");
  }
  const shift = onnx.floats("preprocessing/offset", [1, 3, 1, 1], offset);
  onnx.nameValue(input, onnx.add("Add", [value, shift], "image/preprocessed"));
}

/** Whether a layer's value is the same with channels first, so that it can have the output's name. */
const isDirect = ({ output }: LayerRecord) => output.shape.length !== 4;

function addOutput(onnx: OnnxGraph, record: LayerRecord): void {
  const value = onnx.valueName(record.output);
  if (!isDirect(record)) onnx.addAs("Transpose", [value], record.name, CHANNELS_LAST);
  else if (value !== record.name) onnx.addAs("Identity", [value], record.name);
}
