// depthwiseConv2d: y[n,p,q,c·M+m] = b + Σ_rs x[n, p·stride - top + r·dilation, …, c] · w[r,s,c,m].
// x [N,H,W,C], w [R,S,C,M], y [N,P,Q,C·M].

import { byteSize, type Shape } from "../../base/tensors.ts";
import { type Cost, defineOperator, type TypesByRole, typeOf } from "../../graph/operator.ts";
import {
  ACTIVATION_CODES,
  type Activation,
  activationGradient,
  readActivation,
} from "../elementwise/fused_activation.ts";
import { sumRows } from "../reduce/column_sums.ts";
import { type ConvolutionAttrs, checkBias, readConvolution } from "./convolution.ts";
import {
  type DepthwiseGeometry,
  depthwiseGeometry,
  lowerDataGradient,
  lowerForward,
  lowerWeightGradient,
} from "./depthwise_kernels.ts";

function depthwiseCost(inputs: TypesByRole, outputs: TypesByRole, g: DepthwiseGeometry): Cost {
  const types = [...Object.values(inputs), ...Object.values(outputs)];
  const bytes = types.reduce((sum, type) => sum + (type ? byteSize(type) : 0), 0);
  return { flops: 2 * g.N * g.P * g.Q * g.K * g.R * g.S, bytes };
}

interface FusedAttrs extends ConvolutionAttrs {
  readonly activation: Activation;
}

/**
 * Depthwise convolution: x [N, H, W, C], w [R, S, C, M], b [C · M] to y [N, P, Q, C · M]. Attributes: `strides`,
 * `dilations`, `padding`, `activation`.
 */
export const depthwiseConv2d = defineOperator<FusedAttrs>({
  name: "depthwiseConv2d",
  inputs: ["x", "w", "b?"],
  kernels: { factors: ["activation"] },
  attributes: (read) => ({ ...readConvolution(read), activation: readActivation(read) }),
  infer(inputs, attrs) {
    const w = typeOf(inputs, "w").shape;
    const { N, P, Q, K } = depthwiseGeometry(typeOf(inputs, "x").shape, w, attrs);
    checkBias("depthwiseConv2d", inputs.b?.shape, K, w);
    return { y: { shape: [N, P, Q, K], dtype: typeOf(inputs, "x").dtype } };
  },
  gradient(context) {
    const { graph, attrs, input, hasInput, wants } = context;
    const { activation, ...shared } = attrs;
    const dy = activationGradient(context, activation);
    if (!dy) return {};
    const x = input("x");
    const w = input("w");
    const dxAttrs = { ...shared, inputShape: x.shape };
    const dwAttrs = { ...shared, kernelShape: w.shape };
    return {
      x: wants("x") ? graph.applyOne(depthwiseConv2dDataGradient, { dy, w }, dxAttrs) : undefined,
      w: wants("w") ? graph.applyOne(depthwiseConv2dWeightGradient, { x, dy }, dwAttrs) : undefined,
      b: hasInput("b") && wants("b") ? graph.applyOne(sumRows, { x: dy }) : undefined,
    };
  },
  lower(l) {
    const x = l.input("x");
    const w = l.input("w");
    const b = l.hasInput("b") ? l.input("b") : undefined;
    const activation = ACTIVATION_CODES[l.attrs.activation];
    lowerForward(l, depthwiseGeometry(x.shape, w.shape, l.attrs), { x, w, b, y: l.output("y") }, activation);
  },
  cost(inputs, outputs, attrs) {
    const g = depthwiseGeometry(typeOf(inputs, "x").shape, typeOf(inputs, "w").shape, attrs);
    return depthwiseCost(inputs, outputs, g);
  },
});

interface DataGradientAttrs extends ConvolutionAttrs {
  readonly inputShape: Shape;
}

/** Gradient of depthwiseConv2d with respect to x: dx from dy and w. */
export const depthwiseConv2dDataGradient = defineOperator<DataGradientAttrs>({
  name: "depthwiseConv2dDataGradient",
  inputs: ["dy", "w"],
  attributes: (read) => ({
    ...readConvolution(read),
    inputShape: read.wholeNumbers("inputShape", undefined, 0),
  }),
  infer: (inputs, { inputShape }) => ({ dx: { shape: inputShape, dtype: typeOf(inputs, "dy").dtype } }),
  lower(l) {
    const w = l.input("w");
    lowerDataGradient(
      l,
      depthwiseGeometry(l.attrs.inputShape, w.shape, l.attrs),
      l.input("dy"),
      w,
      l.output("dx"),
    );
  },
  cost(inputs, outputs, attrs) {
    return depthwiseCost(
      inputs,
      outputs,
      depthwiseGeometry(attrs.inputShape, typeOf(inputs, "w").shape, attrs),
    );
  },
});

interface WeightGradientAttrs extends ConvolutionAttrs {
  readonly kernelShape: Shape;
}

/** Gradient of depthwiseConv2d with respect to w: dw from x and dy. */
export const depthwiseConv2dWeightGradient = defineOperator<WeightGradientAttrs>({
  name: "depthwiseConv2dWeightGradient",
  inputs: ["x", "dy"],
  attributes: (read) => ({ ...readConvolution(read), kernelShape: read.wholeNumbers("kernelShape") }),
  infer: (_inputs, { kernelShape }) => ({ dw: { shape: kernelShape, dtype: "f32" } }),
  lower(l) {
    const x = l.input("x");
    const g = depthwiseGeometry(x.shape, l.attrs.kernelShape, l.attrs);
    lowerWeightGradient(l, g, x, l.input("dy"), l.output("dw"));
  },
  cost(inputs, outputs, attrs) {
    const g = depthwiseGeometry(typeOf(inputs, "x").shape, attrs.kernelShape, attrs);
    return depthwiseCost(inputs, outputs, g);
  },
});
