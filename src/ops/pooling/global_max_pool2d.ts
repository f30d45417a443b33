// globalMaxPool2d: y[n,c] = the largest of x[n,h,w,c] over all pixels; x [N, H, W, C], y [N, C].
// Gradient: dy goes to the first maximum in row-major order.

import forwardShader from "../../../shaders/pooling/global_max_forward.wgsl";
import gradientShader from "../../../shaders/pooling/global_max_gradient.wgsl";
import { WeftError } from "../../base/errors.ts";
import { byteSize, elementCount, type Shape, shapeText } from "../../base/tensors.ts";
import { defineOperator, noAttributes, typeOf } from "../../graph/operator.ts";
import { lanesFor } from "../common/lanes.ts";
import { imageSizes } from "../common/shapes.ts";

/** Gradient of globalMaxPool2d by x: dy goes to the first maximum. */
export const globalMaxPool2dGradient = defineOperator({
  name: "globalMaxPool2dGradient",
  inputs: ["x", "y", "dy"],
  attributes: noAttributes,
  infer: (inputs) => ({ dx: typeOf(inputs, "x") }),
  lower({ input, output, dispatch }) {
    const x = input("x");
    const { conditions, uniforms, workgroups } = launchOver(x.shape);
    dispatch(
      { name: "pooling/global_max_gradient", source: gradientShader, conditions },
      { tensors: { x, y: input("y"), dy: input("dy"), dx: output("dx") }, uniforms, workgroups },
    );
  },
  cost(inputs) {
    const x = typeOf(inputs, "x");
    return { flops: 2 * elementCount(x.shape), bytes: 2 * byteSize(x) + 2 * byteSize(typeOf(inputs, "dy")) };
  },
});

/** The largest value over all pixels: x [N, H, W, C] to y [N, C]. */
export const globalMaxPool2d = defineOperator({
  name: "globalMaxPool2d",
  inputs: ["x"],
  attributes: noAttributes,
  infer(inputs) {
    const { N, H, W, C } = imageSizes("globalMaxPool2d", inputs, "x");
    if (H * W === 0) throw new WeftError(`globalMaxPool2d: x ${shapeText([N, H, W, C])} has no pixels`);
    return { y: { shape: [N, C], dtype: typeOf(inputs, "x").dtype } };
  },
  gradient: ({ graph, input, output, dOutput }) => ({
    x: graph.applyOne(globalMaxPool2dGradient, { x: input("x"), y: output("y"), dy: dOutput("y") }),
  }),
  lower({ input, output, dispatch }) {
    const x = input("x");
    const { conditions, uniforms, workgroups } = launchOver(x.shape);
    dispatch(
      { name: "pooling/global_max_forward", source: forwardShader, conditions },
      { tensors: { x, y: output("y") }, uniforms, workgroups },
    );
  },
  cost(inputs, outputs) {
    const x = typeOf(inputs, "x");
    return { flops: elementCount(x.shape), bytes: byteSize(x) + byteSize(typeOf(outputs, "y")) };
  },
});

/** One thread per lane of y. */
function launchOver([N = 0, H = 0, W = 0, C = 0]: Shape) {
  const { width, conditions } = lanesFor(C);
  const count = (N * C) / width;
  return {
    conditions,
    uniforms: { count, pixels: H * W, channels: C / width },
    workgroups: Math.ceil(count / 64),
  };
}
