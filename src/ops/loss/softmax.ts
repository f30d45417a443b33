// softmax over the last axis: y[i,j] = exp(x[i,j]) / sum over k of exp(x[i,k]).
// Gradient: dx[i,j] = y[i,j] (dy[i,j] - sum over k of dy[i,k] y[i,k]).

import forwardShader from "../../../shaders/loss/softmax_forward.wgsl";
import gradientShader from "../../../shaders/loss/softmax_gradient.wgsl";
import { WeftError } from "../../base/errors.ts";
import { byteSize, elementCount, type Shape, shapeText } from "../../base/tensors.ts";
import { defineOperator, noAttributes, typeOf } from "../../graph/operator.ts";

/** Gradient of softmax by x, out of y and dy. */
export const softmaxGradient = defineOperator({
  name: "softmaxGradient",
  inputs: ["y", "dy"],
  attributes: noAttributes,
  infer: (inputs) => ({ dx: typeOf(inputs, "y") }),
  lower({ input, output, dispatch }) {
    const dx = output("dx");
    dispatch(
      { name: "loss/softmax_gradient", source: gradientShader },
      { tensors: { y: input("y"), dy: input("dy"), dx }, ...launchOver(dx.shape) },
    );
  },
  cost(inputs) {
    const y = typeOf(inputs, "y");
    return { flops: 4 * elementCount(y.shape), bytes: 3 * byteSize(y) };
  },
});

/** Softmax over the last axis of x [N, K]. */
export const softmax = defineOperator({
  name: "softmax",
  inputs: ["x"],
  attributes: noAttributes,
  infer(inputs) {
    const x = typeOf(inputs, "x");
    if ((x.shape.at(-1) ?? 0) < 1) {
      throw new WeftError(
        `softmax: x expects at least one class in its last dimension but is ${shapeText(x.shape)}`,
      );
    }
    return { y: x };
  },
  gradient: ({ graph, output, dOutput }) => ({
    x: graph.applyOne(softmaxGradient, { y: output("y"), dy: dOutput("y") }),
  }),
  lower({ input, output, dispatch }) {
    const y = output("y");
    dispatch(
      { name: "loss/softmax_forward", source: forwardShader },
      { tensors: { x: input("x"), y }, ...launchOver(y.shape) },
    );
  },
  cost(inputs) {
    const x = typeOf(inputs, "x");
    return { flops: 5 * elementCount(x.shape), bytes: 2 * byteSize(x) };
  },
});

/** One thread per row. */
function launchOver(shape: Shape) {
  const classes = shape.at(-1) ?? 0;
  const rows = elementCount(shape.slice(0, -1));
  return { uniforms: { rows, classes }, workgroups: Math.ceil(rows / 64) };
}
