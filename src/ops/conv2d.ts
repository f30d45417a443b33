// conv2d: y[n,p,q,k] = b[k] + Σ_rsc x[n, p·stride - top + r·dilation, …, c] · w[r,s,c,k].
// x [N,H,W,C], w [R,S,C/groups,K], b [K], y [N,P,Q,K]. Gradients: dx and dw by implicit GEMM kernels
// of their own (dw in two passes, split over pixels), db = Σ dy.
// Passes fold in what follows: a batch norm by moving averages (statistics [4,K]), a residual sum
// (addend [N,P,Q,K]), an activation: y = activation(addend + residualScale · (scale_k · (that sum) + shift_k)).

import dataGradient from "../../shaders/conv2d/data_gradient.wgsl";
import dataGradientScalar from "../../shaders/conv2d/data_gradient_scalar.wgsl";
import forward from "../../shaders/conv2d/forward.wgsl";
import forwardScalar from "../../shaders/conv2d/forward_scalar.wgsl";
import weightGradient from "../../shaders/conv2d/weight_gradient.wgsl";
import weightGradientScalar from "../../shaders/conv2d/weight_gradient_scalar.wgsl";
import { WeftError } from "../base/errors.ts";
import { byteSize, elementCount, requireRank, type Shape, shapeText } from "../base/tensors.ts";
import type { Tensor } from "../graph/graph.ts";
import {
  type Cost,
  defineOperator,
  type GradientContext,
  type Lowering,
  type TypesByRole,
  typeOf,
} from "../graph/operator.ts";
import { ACTIVATION_CODES, readActivation } from "./activation.ts";
import { cuts } from "./candidates.ts";
import { lowerDataGradientOnGpu, lowerForwardOnGpu, lowerWeightGradientOnGpu } from "./conv2d_gpu.ts";
import {
  addPartials,
  type ConvolutionAttrs,
  checkBias,
  convolutionFlops,
  type ForwardFusion,
  type ForwardTensors,
  type Geometry,
  geometryOf,
  geometryUniforms,
  isVectorised,
  lanesOf,
  readConvolution,
  tapSteps,
  tiledKernel,
} from "./convolution.ts";
import { activationGradient } from "./fused_activation.ts";
import { residualSplit } from "./residual_split.ts";
import { scaledAddGradient } from "./scaled_add.ts";
import { sumRows } from "./sum_rows.ts";

interface Conv2dAttrs extends ConvolutionAttrs {
  readonly groups: number;
}

type FusedAttrs = Conv2dAttrs & ForwardFusion;

/** A lane's tile: 4 pixels x 16 channels. */
const PIXELS_PER_LANE = 4;
const CHANNELS_PER_TILE = 16;

/** Checks shapes and returns the convolution's sizes. */
function conv2dGeometry(x: Shape, w: Shape, attrs: Conv2dAttrs): Geometry {
  const [, , , C = 0] = requireRank("conv2d", "x", x, 4);
  const [R = 0, S = 0, groupC = 0, K = 0] = requireRank("conv2d", "w", w, 4);
  const { groups } = attrs;
  if (C % groups !== 0 || K % groups !== 0) {
    throw new WeftError(
      `conv2d: groups expects a divisor of the ${C} input and ${K} output channels, received ${groups} ` +
        `(x is ${shapeText(x)}, w is ${shapeText(w)})`,
    );
  }
  if (groupC !== C / groups) {
    const hint = K === C / groups ? " Were the weights saved as OIHW?" : "";
    throw new WeftError(
      `conv2d: w expects ${C / groups} input channels (x is ${shapeText(x)}, groups ${groups}) but has ${groupC} ` +
        `(w is ${shapeText(w)}).${hint}`,
    );
  }
  return geometryOf("conv2d", x, { R, S, K, groups }, attrs);
}

function conv2dCost(inputs: TypesByRole, outputs: TypesByRole, g: Geometry): Cost {
  const types = [...Object.values(inputs), ...Object.values(outputs)];
  return {
    flops: convolutionFlops(g),
    bytes: types.reduce((sum, type) => sum + (type ? byteSize(type) : 0), 0),
  };
}

/** Dispatches the forward kernel; dense layers use it with images of one pixel. */
export function lowerForward(
  l: Lowering<object>,
  g: Geometry,
  tensors: ForwardTensors,
  fusion: ForwardFusion,
): void {
  if (l.device.family === "gpu") {
    lowerForwardOnGpu(l, g, tensors, fusion);
    return;
  }
  const { x, w, b, statistics, addend, y } = tensors;
  const { activation, residualScale } = fusion;
  const pixels = g.N * g.P * g.Q;
  const tilesK = Math.ceil(g.K / g.groups / CHANNELS_PER_TILE);
  const tiles = Math.ceil(pixels / (PIXELS_PER_LANE * lanesOf(l.device))) * g.groups * tilesK;
  const kernel = isVectorised(g)
    ? tiledKernel("conv2d/forward", forward, l.device)
    : tiledKernel("conv2d/forward_scalar", forwardScalar, l.device);
  // w stands in for what is absent.
  l.dispatch(kernel, {
    tensors: { x, w, b: b ?? w, y, addend: addend ?? w, statistics: statistics ?? w },
    uniforms: {
      pixels,
      ...geometryUniforms(g),
      has_bias: Number(b !== undefined),
      activation: ACTIVATION_CODES[activation],
      tiles_k: tilesK,
      tiles,
      four: 4,
      has_statistics: Number(statistics !== undefined),
      has_addend: Number(addend !== undefined),
      residual_scale: residualScale,
    },
    workgroups: tiles,
  });
}

/** Dispatches the kernel of the gradient by x. */
export function lowerDataGradient(l: Lowering<object>, g: Geometry, dy: Tensor, w: Tensor, dx: Tensor): void {
  if (l.device.family === "gpu") {
    lowerDataGradientOnGpu(l, g, dy, w, dx);
    return;
  }
  const [strideH, strideW] = g.strides;
  const tilesC = Math.ceil(g.C / g.groups / CHANNELS_PER_TILE);
  const phasePixels = g.N * Math.ceil(g.H / strideH) * Math.ceil(g.W / strideW);
  const phaseTiles = Math.ceil(phasePixels / (PIXELS_PER_LANE * lanesOf(l.device)));
  const tiles = strideH * strideW * phaseTiles * g.groups * tilesC;
  const kernel = isVectorised(g)
    ? tiledKernel("conv2d/data_gradient", dataGradient, l.device)
    : tiledKernel("conv2d/data_gradient_scalar", dataGradientScalar, l.device);
  l.dispatch(kernel, {
    tensors: { dy, w, dx },
    uniforms: {
      batch: g.N,
      ...geometryUniforms(g),
      tiles_c: tilesC,
      phase_tiles: phaseTiles,
      tiles,
      ...tapSteps(g),
      four: 4,
    },
    workgroups: tiles,
  });
}

/** Workgroups below which the sum over pixels is split further, so that every core has work. */
const WANTED_TILES = { cpu: 16, gpu: 256 } as const;
const MAX_SPLITS = 64;
/** Pixels that a 1x1 convolution's gradient counts as one row. */
const POINTWISE_ROW = 64;

/** Dispatches the kernels of the gradient by w: partial sums over rows of pixels, then their sum. */
export function lowerWeightGradient(
  l: Lowering<object>,
  g: Geometry,
  x: Tensor,
  dy: Tensor,
  dw: Tensor,
): void {
  if (l.device.family === "gpu") {
    lowerWeightGradientOnGpu(l, g, x, dy, dw);
    return;
  }
  const vec4 = isVectorised(g);
  const taps = g.R * g.S;
  const groupC = g.C / g.groups;
  const pixels = g.N * g.P * g.Q;
  const tilesC = Math.ceil((vec4 ? groupC : taps * groupC) / (PIXELS_PER_LANE * lanesOf(l.device)));
  const tilesK = Math.ceil(g.K / g.groups / CHANNELS_PER_TILE);
  const baseTiles = (vec4 ? taps : 1) * g.groups * tilesC * tilesK;
  const { rows, uniforms } = pixelRows(g, vec4);
  const most = Math.min(rows, MAX_SPLITS);
  const guess = Math.max(1, Math.min(Math.ceil(WANTED_TILES[l.device.family] / baseTiles), most));
  const wanted = l.choose("splits", cuts(guess, rows, most));
  const rowsPerSplit = Math.ceil(rows / wanted);
  const splits = Math.ceil(rows / rowsPerSplit);
  const partials =
    splits === 1
      ? dw
      : l.workspace("partial sums", { shape: [splits, elementCount(dw.shape)], dtype: "f32" });
  const kernel = vec4
    ? tiledKernel("conv2d/weight_gradient", weightGradient, l.device)
    : tiledKernel("conv2d/weight_gradient_scalar", weightGradientScalar, l.device);
  const tiles = splits * baseTiles;
  l.dispatch(kernel, {
    tensors: { x, dy, partials },
    uniforms: {
      pixels,
      rows,
      ...uniforms,
      tiles_c: tilesC,
      tiles_k: tilesK,
      splits,
      rows_per_split: rowsPerSplit,
      tiles,
      four: 4,
    },
    workgroups: tiles,
  });
  if (splits > 1) addPartials(l, partials, dw, splits);
}

/** Rows of output pixels; those of a plain 1x1 convolution are as long as suits the kernel. */
function pixelRows(
  g: Geometry,
  vec4: boolean,
): { rows: number; uniforms: ReturnType<typeof geometryUniforms> } {
  const uniforms = geometryUniforms(g);
  const isPointwise =
    vec4 &&
    g.R * g.S === 1 &&
    g.strides[0] * g.strides[1] === 1 &&
    g.top + g.left === 0 &&
    g.H === g.P &&
    g.W === g.Q;
  if (!isPointwise) return { rows: g.N * g.P, uniforms };
  const pixels = g.N * g.P * g.Q;
  const length = Math.min(POINTWISE_ROW, Math.ceil(pixels / 4) * 4);
  const rows = Math.ceil(pixels / length);
  return { rows, uniforms: { ...uniforms, in_h: rows, in_w: length, out_h: rows, out_w: length } };
}

export const conv2d = defineOperator<FusedAttrs>({
  name: "conv2d",
  inputs: ["x", "w", "b?", "statistics?", "addend?"],
  factors: ["activation", "residualScale"],
  fusesZeroPadding: true,
  fusesActivation: true,
  fusesResidual: true,
  applyScaleAndShift(_graph, node, statistics) {
    node.inputs = { ...node.inputs, statistics };
  },
  attributes: (read) => ({
    ...readConvolution(read),
    groups: read.whole("groups", 1, 1),
    activation: readActivation(read),
    residualScale: read.number("residualScale", 1),
  }),
  infer(inputs, attrs) {
    const { shape: x, dtype } = typeOf(inputs, "x");
    const w = typeOf(inputs, "w").shape;
    const { N, P, Q, K } = conv2dGeometry(x, w, attrs);
    checkBias("conv2d", inputs.b?.shape, K, w);
    return { y: { shape: [N, P, Q, K], dtype } };
  },
  gradient(context) {
    const { graph, attrs, input, hasInput, wants } = context;
    if (hasInput("statistics")) throw new Error("a convolution with a folded batch norm has no gradient");
    const { strides, padding, dilations, groups } = attrs;
    const shared = { strides, padding, dilations, groups };
    const { sum, dy } = epilogueGradients(context);
    if (!dy) return {};
    const x = input("x");
    const w = input("w");
    const [R = 0, S = 0] = w.shape;
    return {
      x: wants("x")
        ? graph.applyOne(conv2dDataGradient, { dy, w }, { ...shared, inputShape: x.shape })
        : undefined,
      w: wants("w")
        ? graph.applyOne(conv2dWeightGradient, { x, dy }, { ...shared, kernelSize: [R, S] })
        : undefined,
      b: hasInput("b") && wants("b") ? graph.applyOne(sumRows, { x: dy }) : undefined,
      addend: sum,
    };
  },
  lower(l) {
    const given = (role: string) => (l.hasInput(role) ? l.input(role) : undefined);
    const [x, w] = [l.input("x"), l.input("w")];
    const rest = { b: given("b"), statistics: given("statistics"), addend: given("addend") };
    lowerForward(l, conv2dGeometry(x.shape, w.shape, l.attrs), { x, w, ...rest, y: l.output("y") }, l.attrs);
  },
  cost(inputs, outputs, attrs) {
    return conv2dCost(
      inputs,
      outputs,
      conv2dGeometry(typeOf(inputs, "x").shape, typeOf(inputs, "w").shape, attrs),
    );
  },
});

/** The gradients of y by the sum with the addend and by the convolution itself. */
function epilogueGradients(context: GradientContext<FusedAttrs>): { sum?: Tensor; dy?: Tensor } {
  const { graph, attrs, output, dOutput } = context;
  const { activation, residualScale: scale } = attrs;
  const x0 = dOutput("y");
  if (scale !== 1 && activation !== "none" && x0) {
    const { daddend, dbranch } = graph.apply(residualSplit, { y: output("y"), x0 }, { scale, activation });
    return { ...(daddend && { sum: daddend }), ...(dbranch && { dy: dbranch }) };
  }
  const sum = activationGradient(context, activation);
  if (!sum) return {};
  return { sum, dy: scale === 1 ? sum : graph.applyOne(scaledAddGradient, { dy: sum }, { scale }) };
}

interface DataGradientAttrs extends Conv2dAttrs {
  readonly inputShape: Shape;
}

/** Gradient of conv2d by x: dx from dy and w. */
export const conv2dDataGradient = defineOperator<DataGradientAttrs>({
  name: "conv2dDataGradient",
  inputs: ["dy", "w"],
  attributes: (read) => ({
    ...readConvolution(read),
    groups: read.whole("groups", 1, 1),
    inputShape: read.wholeNumbers("inputShape", undefined, 0),
  }),
  infer: (inputs, { inputShape }) => ({ dx: { shape: inputShape, dtype: typeOf(inputs, "dy").dtype } }),
  lower(l) {
    const w = l.input("w");
    const geometry = conv2dGeometry(l.attrs.inputShape, w.shape, l.attrs);
    lowerDataGradient(l, geometry, l.input("dy"), w, l.output("dx"));
  },
  cost(inputs, outputs, attrs) {
    return conv2dCost(inputs, outputs, conv2dGeometry(attrs.inputShape, typeOf(inputs, "w").shape, attrs));
  },
});

interface WeightGradientAttrs extends Conv2dAttrs {
  readonly kernelSize: readonly [number, number];
}

function weightShape(inputs: TypesByRole, { kernelSize, groups }: WeightGradientAttrs): Shape {
  const channels = typeOf(inputs, "x").shape[3] ?? 0;
  return [...kernelSize, channels / groups, typeOf(inputs, "dy").shape[3] ?? 0];
}

/** Gradient of conv2d by w: dw from x and dy. */
export const conv2dWeightGradient = defineOperator<WeightGradientAttrs>({
  name: "conv2dWeightGradient",
  inputs: ["x", "dy"],
  attributes: (read) => ({
    ...readConvolution(read),
    groups: read.whole("groups", 1, 1),
    kernelSize: read.pair("kernelSize"),
  }),
  infer: (inputs, attrs) => ({ dw: { shape: weightShape(inputs, attrs), dtype: "f32" } }),
  lower(l) {
    const x = l.input("x");
    const dw = l.output("dw");
    lowerWeightGradient(l, conv2dGeometry(x.shape, dw.shape, l.attrs), x, l.input("dy"), dw);
  },
  cost(inputs, outputs, attrs) {
    const x = typeOf(inputs, "x").shape;
    return conv2dCost(inputs, outputs, conv2dGeometry(x, weightShape(inputs, attrs), attrs));
  },
});
