// dense: y = x · w + b. x [N,in], w [in,out], b [out], y [N,out]. It runs on the kernels of a convolution of one-pixel
// images: dx = dy · wᵀ, dw = xᵀ · dy, db = Σ dy.

import { WeftError } from "../../base/errors.ts";
import { byteSize, elementCount, requireRank, type Shape, shapeText } from "../../base/tensors.ts";
import { type Cost, defineOperator, noAttributes, type TypesByRole, typeOf } from "../../graph/operator.ts";
import { sumRows } from "../reduce/column_sums.ts";
import { lowerDataGradient, lowerForward, lowerWeightGradient } from "./conv2d.ts";
import { checkBias, type Geometry } from "./convolution.ts";

const PLAIN = { activation: "none", residualScale: 1 } as const;

function pointGeometry(N: number, C: number, K: number): Geometry {
  return {
    ...{ N, H: 1, W: 1, C, R: 1, S: 1, P: 1, Q: 1, K, groups: 1, top: 0, left: 0 },
    strides: [1, 1],
    dilations: [1, 1],
  };
}

function denseGeometry(x: Shape, w: Shape): Geometry {
  const [N = 0, C = 0] = requireRank("dense", "x", x, 2);
  const [inputs = 0, K = 0] = requireRank("dense", "w", w, 2);
  if (inputs !== C) {
    throw new WeftError(
      `dense: w expects ${C} inputs (x is ${shapeText(x)}) but has ${inputs} (w is ${shapeText(w)})`,
    );
  }
  return pointGeometry(N, C, K);
}

function matrixCost(inputs: TypesByRole, outputs: TypesByRole, flops: number): Cost {
  const types = [...Object.values(inputs), ...Object.values(outputs)];
  return { flops, bytes: types.reduce((sum, type) => sum + (type ? byteSize(type) : 0), 0) };
}

/** y = x · w + b: x [N, in], w [in, out], b [out], y [N, out]. */
export const dense = defineOperator({
  name: "dense",
  inputs: ["x", "w", "b?"],
  attributes: noAttributes,
  infer(inputs) {
    const w = typeOf(inputs, "w").shape;
    const { N, K } = denseGeometry(typeOf(inputs, "x").shape, w);
    checkBias("dense", inputs.b?.shape, K, w);
    return { y: { shape: [N, K], dtype: "f32" } };
  },
  gradient({ graph, input, hasInput, dOutput, wants }) {
    const dy = dOutput("y");
    if (!dy) return {};
    return {
      x: wants("x") ? graph.applyOne(denseDataGradient, { dy, w: input("w") }) : undefined,
      w: wants("w") ? graph.applyOne(denseWeightGradient, { x: input("x"), dy }) : undefined,
      b: hasInput("b") && wants("b") ? graph.applyOne(sumRows, { x: dy }) : undefined,
    };
  },
  lower(l) {
    const x = l.input("x");
    const w = l.input("w");
    const b = l.hasInput("b") ? l.input("b") : undefined;
    lowerForward(l, denseGeometry(x.shape, w.shape), { x, w, b, y: l.output("y") }, PLAIN);
  },
  cost(inputs, outputs) {
    const flops = 2 * elementCount(typeOf(inputs, "w").shape) * (typeOf(inputs, "x").shape[0] ?? 0);
    return matrixCost(inputs, outputs, flops);
  },
});

/** Gradient of dense with respect to x: dx = dy · wᵀ. */
export const denseDataGradient = defineOperator({
  name: "denseDataGradient",
  inputs: ["dy", "w"],
  attributes: noAttributes,
  infer(inputs) {
    const [N = 0] = typeOf(inputs, "dy").shape;
    return { dx: { shape: [N, typeOf(inputs, "w").shape[0] ?? 0], dtype: "f32" } };
  },
  lower(l) {
    const dy = l.input("dy");
    const w = l.input("w");
    const [N = 0, K = 0] = dy.shape;
    lowerDataGradient(l, pointGeometry(N, w.shape[0] ?? 0, K), dy, w, l.output("dx"));
  },
  cost(inputs, outputs) {
    const flops = 2 * elementCount(typeOf(inputs, "w").shape) * (typeOf(inputs, "dy").shape[0] ?? 0);
    return matrixCost(inputs, outputs, flops);
  },
});

/** Gradient of dense with respect to w: dw = xᵀ · dy. */
export const denseWeightGradient = defineOperator({
  name: "denseWeightGradient",
  inputs: ["x", "dy"],
  attributes: noAttributes,
  infer: (inputs) => ({
    dw: { shape: [typeOf(inputs, "x").shape[1] ?? 0, typeOf(inputs, "dy").shape[1] ?? 0], dtype: "f32" },
  }),
  lower(l) {
    const x = l.input("x");
    const dy = l.input("dy");
    const [N = 0, C = 0] = x.shape;
    lowerWeightGradient(l, pointGeometry(N, C, dy.shape[1] ?? 0), x, dy, l.output("dw"));
  },
  cost(inputs, outputs) {
    const flops = 2 * elementCount(typeOf(inputs, "x").shape) * (typeOf(inputs, "dy").shape[1] ?? 0);
    return matrixCost(inputs, outputs, flops);
  },
});
