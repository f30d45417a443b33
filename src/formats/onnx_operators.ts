// Translates weft's operators in inference to ONNX' (opset 17): https://onnx.ai/onnx/operators/. Values of four
// dimensions are [N,H,W,C] in weft and [N,C,H,W] in ONNX; the batch is free, so no shape names it.

import type { Shape } from "../base/tensors.ts";
import { AttributeReader } from "../graph/attributes.ts";
import type { GraphNode, Tensor } from "../graph/graph.ts";
import { resolveWindows, type WindowAttributes } from "../ops/common/windows.ts";
import { readConvolution } from "../ops/conv2d/convolution.ts";
import { poolAttributes } from "../ops/pooling/pooling.ts";
import type { OnnxAttributes, OnnxGraph, WeightLayout } from "./onnx_graph.ts";

/** A node of weft's graph and the graph that its translation joins. */
class Translation {
  readonly read: AttributeReader;
  private readonly used = new Set<string>();

  constructor(
    readonly onnx: OnnxGraph,
    private readonly node: GraphNode,
  ) {
    this.read = new AttributeReader(node.operator.name, { ...node.attrs });
  }

  get name(): string {
    return this.node.name;
  }

  tensor(role: string): Tensor {
    const tensor = this.node.inputs[role];
    if (!tensor) throw new Error(`${this.node.operator.name} ${this.name} has no input ${role}`);
    this.used.add(role);
    return tensor;
  }

  get y(): Tensor {
    const tensor = this.node.outputs.y;
    if (!tensor) throw new Error(`${this.node.operator.name} ${this.name} has no output y`);
    return tensor;
  }

  /** The name of an input's value. */
  input(role: string): string {
    return this.onnx.valueName(this.tensor(role));
  }

  /** Inputs x0, x1, … in this order. */
  get list(): string[] {
    return Object.keys(this.node.inputs).map((_, i) => this.input(`x${i}`));
  }

  weight(role: string, layout?: WeightLayout): string {
    return this.onnx.weight(this.tensor(role), layout);
  }

  /** The name of a weight in a list, or an empty name if the layer has none. */
  optionalWeight(role: string): string[] {
    return this.node.inputs[role] ? [this.weight(role)] : [];
  }

  /** Adds the node that computes y. */
  finish(opType: string, inputs: readonly string[], attributes?: OnnxAttributes): void {
    this.onnx.add(opType, inputs, this.y, attributes);
  }

  /** @throws Error if the translation would lose something, as for nodes that other nodes were fused into. */
  requireWhole(): void {
    const left = Object.keys(this.node.inputs).filter((role) => !this.used.has(role));
    if ("activation" in this.node.attrs && this.node.attrs.activation !== "none") left.push("activation");
    if (left.length === 0) return;
    throw new Error(`ONNX is made of a network before fusion, but ${this.name} has ${left.join(", ")}`);
  }

  /** Adds an intermediate node. */
  step(opType: string, inputs: readonly string[], suffix: string, attributes?: OnnxAttributes): string {
    return this.onnx.add(opType, inputs, `${this.name}/${suffix}`, attributes);
  }
}

type Translate = (translation: Translation) => void;

/** An operator of one input that means the same without attributes. */
const plain =
  (opType: string, attributes?: OnnxAttributes): Translate =>
  (t) =>
    t.finish(opType, [t.input("x")], attributes);

/** By the names of weft's operators. */
const TRANSLATIONS: Readonly<Record<string, Translate>> = {
  conv2d(t) {
    const [R = 0, S = 0] = t.tensor("w").shape;
    const groups = t.read.whole("groups");
    const inputs = [t.input("x"), t.weight("w", "conv"), ...t.optionalWeight("b")];
    t.finish("Conv", inputs, convolutionAttributes(t, [R, S], groups));
  },
  depthwiseConv2d(t) {
    const [R = 0, S = 0, C = 0] = t.tensor("w").shape;
    const inputs = [t.input("x"), t.weight("w", "depthwise"), ...t.optionalWeight("b")];
    t.finish("Conv", inputs, convolutionAttributes(t, [R, S], C));
  },
  dense: (t) => t.finish("Gemm", [t.input("x"), t.weight("w"), ...t.optionalWeight("b")]),
  batchNorm: translateBatchNorm,
  relu: plain("Relu"),
  relu6(t) {
    const bounds = [t.onnx.floats("relu6/min", [], [0], true), t.onnx.floats("relu6/max", [], [6], true)];
    t.finish("Clip", [t.input("x"), ...bounds]);
  },
  sigmoid: plain("Sigmoid"),
  swish(t) {
    const x = t.input("x");
    t.finish("Mul", [x, t.step("Sigmoid", [x], "sigmoid")]);
  },
  gelu(t) {
    const x = t.input("x");
    const number = (name: string, value: number) => t.onnx.floats(`${t.name}/${name}`, [], [value]);
    const half = () => t.step("Mul", [x, number("half", 0.5)], "halved");
    const shareOf = (bent: string) => t.step("Add", [bent, number("one", 1)], "share");
    if (!t.read.boolean("approximate", false)) {
      const erf = t.step("Erf", [t.step("Mul", [x, number("root", Math.SQRT1_2)], "scaled")], "erf");
      t.finish("Mul", [half(), shareOf(erf)]);
      return;
    }
    const square = t.step("Mul", [x, x], "square");
    const bend = t.step("Mul", [square, number("cubic", 0.044715)], "cubed");
    const factor = t.step("Add", [bend, number("linear", 1)], "bend");
    const inner = t.step(
      "Mul",
      [t.step("Mul", [x, number("root", Math.sqrt(2 / Math.PI))], "scaled"), factor],
      "inner",
    );
    t.finish("Mul", [half(), shareOf(t.step("Tanh", [inner], "tanh"))]);
  },
  hardSigmoid: plain("HardSigmoid", { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
  softmax: (t) =>
    t.finish("Softmax", [t.input("x")], { axis: { int: axisHere(t.y.shape.length - 1, t.y.shape) } }),
  add: (t) => t.finish("Add", [t.input("a"), t.input("b")]),
  multiply: (t) => t.finish("Mul", [t.input("a"), t.input("b")]),
  scaledAdd(t) {
    const scale = t.onnx.floats(`${t.name}/scale`, [], [t.read.number("scale")]);
    t.finish("Add", [t.input("x"), t.step("Mul", [t.input("r"), scale], "scaled")]);
  },
  rescale(t) {
    const perChannel = (role: "scale" | "offset") => {
      const values = t.read.numbers(role);
      const dims = t.y.shape.length === 4 ? [1, values.length, 1, 1] : [values.length];
      return t.onnx.floats(`${t.name}/${role}`, dims, values);
    };
    const scaled = t.step("Mul", [t.input("x"), perChannel("scale")], "scaled");
    t.finish("Add", [scaled, perChannel("offset")]);
  },
  concat(t) {
    const { shape } = t.y;
    const axis = t.read.number("axis");
    t.finish("Concat", t.list, { axis: { int: axisHere(axis < 0 ? axis + shape.length : axis, shape) } });
  },
  zeroPad2d(t) {
    const [[top, bottom], [left, right]] = t.read.amounts("amounts");
    const pads = t.onnx.wholes(`${t.name}/pads`, [0, 0, top, left, 0, 0, bottom, right]);
    t.finish("Pad", [t.input("x"), pads]);
  },
  crop2d(t) {
    const [[top], [left]] = t.read.amounts("amounts");
    const [, P = 0, Q = 0] = t.y.shape;
    const starts = t.onnx.wholes(`${t.name}/starts`, [top, left]);
    const ends = t.onnx.wholes(`${t.name}/ends`, [top + P, left + Q]);
    t.finish("Slice", [t.input("x"), starts, ends, t.onnx.wholes(`${t.name}/axes`, [2, 3])]);
  },
  maxPool2d: (t) => t.finish("MaxPool", [t.input("x")], windowAttributes(t, poolAttributes(t.read))),
  avgPool2d(t) {
    const countsPadding = t.read.boolean("countIncludePad");
    const window = windowAttributes(t, poolAttributes(t.read));
    t.finish("AveragePool", [t.input("x")], { ...window, count_include_pad: { int: countsPadding ? 1 : 0 } });
  },
  globalAvgPool2d: (t) => translateGlobalPool(t, "GlobalAveragePool"),
  globalMaxPool2d: (t) => translateGlobalPool(t, "GlobalMaxPool"),
  reshape: translateReshape,
};

/** Adds the translation of the node. @throws Error if its operator has no translation. */
export function translateNode(onnx: OnnxGraph, node: GraphNode): void {
  const translate = TRANSLATIONS[node.operator.name];
  if (!translate) throw new Error(`there is no ONNX for ${node.operator.name} (${node.name})`);
  const translation = new Translation(onnx, node);
  translate(translation);
  translation.requireWhole();
}

/** The index of an axis of a value with channels first. */
function axisHere(axis: number, shape: Shape): number {
  return shape.length === 4 ? ([0, 2, 3, 1][axis] ?? axis) : axis;
}

/**
 * The placement of windows over x. Padding is given as amounts: ONNX' own modes put the odd pixel elsewhere than Keras.
 */
function windowAttributes(t: Translation, window: WindowAttributes): OnnxAttributes {
  const [N = 0, H = 0, W = 0, C = 0] = t.tensor("x").shape;
  const { top, left, bottom, right } = resolveWindows(t.name, { N, H, W, C }, window);
  return {
    kernel_shape: { ints: window.size },
    strides: { ints: window.strides },
    pads: { ints: [top, left, bottom, right] },
  };
}

function convolutionAttributes(
  t: Translation,
  size: readonly [number, number],
  groups: number,
): OnnxAttributes {
  const convolution = readConvolution(t.read);
  const window = windowAttributes(t, { size, ...convolution });
  return { ...window, dilations: { ints: convolution.dilations }, group: { int: groups } };
}

function translateBatchNorm(t: Translation): void {
  if (t.read.boolean("training")) throw new Error(`${t.name}: a network for ONNX is in inference mode`);
  const channels = t.y.shape.at(-1) ?? 0;
  const vector = (role: string, missing: number) => {
    const values = Array.from({ length: channels }, () => missing);
    return t.optionalWeight(role)[0] ?? t.onnx.floats(`${t.name}/${role}`, [channels], values);
  };
  const statistics = [t.weight("movingMean"), t.weight("movingVariance")];
  const inputs = [t.input("x"), vector("gamma", 1), vector("beta", 0), ...statistics];
  t.finish("BatchNormalization", inputs, { epsilon: { float: t.read.number("epsilon") } });
}

function translateGlobalPool(t: Translation, opType: string): void {
  const pooled = t.step(opType, [t.input("x")], "pooled");
  t.finish("Flatten", [pooled], { axis: { int: 1 } });
}

/** Whether the elements have the same order with channels first. */
const isOrderSame = (shape: Shape) => shape.length !== 4 || (shape[1] ?? 0) * (shape[2] ?? 0) === 1;

/** A reshape requires the order with channels last. */
function translateReshape(t: Translation): void {
  const from = t.tensor("x").shape;
  const to = t.y.shape;
  let x = t.input("x");
  if (!isOrderSame(from)) {
    x = t.step("Transpose", [x], "channels_last", { perm: { ints: [0, 2, 3, 1] } });
  }
  const isFinal = isOrderSame(to);
  const [, first = 1, second = 1, third = 1] = to;
  const sizes = isFinal && to.length === 4 ? [third, first, second] : to.slice(1);
  const shape = t.onnx.wholes(`${t.name}/shape`, [0, ...sizes]); // 0: the batch stays
  if (isFinal) {
    t.finish("Reshape", [x, shape]);
    return;
  }
  const reshaped = t.step("Reshape", [x, shape], "reshaped");
  t.finish("Transpose", [reshaped], { perm: { ints: [0, 3, 1, 2] } });
}
