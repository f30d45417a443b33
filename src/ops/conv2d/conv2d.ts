// conv2d: y[n,p,q,k] = b[k] + Σ_rsc x[n, p·stride - top + r·dilation, …, c] · w[r,s,c,k].
// x [N,H,W,C], w [R,S,C/groups,K], b [K], y [N,P,Q,K]. Gradients: dx and dw by implicit GEMM kernels of their own (dw
// in two passes, split over pixels), db = Σ dy. Passes fuse or fold what follows: a batch norm with moving averages
// (statistics [4,K]), a residual sum (addend [N,P,Q,K]), an activation: y = activation(addend + residualScale ·
// (scale_k · (that sum) + shift_k)).

import { WeftError } from "../../base/errors.ts";
import { byteSize, requireRank, type Shape, shapeText } from "../../base/tensors.ts";
import type { Tensor } from "../../graph/graph.ts";
import {
  type Cost,
  defineOperator,
  type GradientContext,
  type Lowering,
  type TypesByRole,
  typeOf,
} from "../../graph/operator.ts";
import { activationGradient, readActivation } from "../elementwise/fused_activation.ts";
import { residualSplit } from "../elementwise/residual_split.ts";
import { scaledAddGradient } from "../elementwise/scaled_add.ts";
import { sumRows } from "../reduce/column_sums.ts";
import {
  type ConvolutionAttrs,
  checkBias,
  convolutionFlops,
  type ForwardFusion,
  type ForwardTensors,
  type Geometry,
  geometryOf,
  readConvolution,
} from "./convolution.ts";
import { lowerDataGradientOnCpu, lowerForwardOnCpu, lowerWeightGradientOnCpu } from "./cpu_kernels.ts";
import { lowerDataGradientOnGpu, lowerForwardOnGpu, lowerWeightGradientOnGpu } from "./gpu_kernels.ts";

interface Conv2dAttrs extends ConvolutionAttrs {
  readonly groups: number;
}

type FusedAttrs = Conv2dAttrs & ForwardFusion;

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

/** Dispatches the forward kernel; dense layers use it with one-pixel images. */
export function lowerForward(
  l: Lowering<object>,
  g: Geometry,
  tensors: ForwardTensors,
  fusion: ForwardFusion,
): void {
  const lowerOn = l.device.family === "gpu" ? lowerForwardOnGpu : lowerForwardOnCpu;
  lowerOn(l, g, tensors, fusion);
}

/** Dispatches the kernel of the gradient with respect to x. */
export function lowerDataGradient(l: Lowering<object>, g: Geometry, dy: Tensor, w: Tensor, dx: Tensor): void {
  const lowerOn = l.device.family === "gpu" ? lowerDataGradientOnGpu : lowerDataGradientOnCpu;
  lowerOn(l, g, dy, w, dx);
}

/** Dispatches the kernels of the gradient with respect to w. */
export function lowerWeightGradient(
  l: Lowering<object>,
  g: Geometry,
  x: Tensor,
  dy: Tensor,
  dw: Tensor,
): void {
  const lowerOn = l.device.family === "gpu" ? lowerWeightGradientOnGpu : lowerWeightGradientOnCpu;
  lowerOn(l, g, x, dy, dw);
}

/**
 * 2D convolution: x [N, H, W, C], w [R, S, C / groups, K], b [K] to y [N, P, Q, K]. Attributes: `strides`, `dilations`,
 * `padding`, `groups`; and what passes fold in: `activation` and `residualScale`.
 */
export const conv2d = defineOperator<FusedAttrs>({
  name: "conv2d",
  inputs: ["x", "w", "b?", "statistics?", "addend?"],
  kernels: { factors: ["activation", "residualScale"] },
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

/** The gradients of y with respect to the sum with the addend and to the convolution itself. */
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

/** Gradient of conv2d with respect to x: dx from dy and w. */
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

/** Gradient of conv2d with respect to w: dw from x and dy. */
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
