// scaledAdd: y = x + scale r. Gradient: dx = dy, dr = scale dy.

import scaleShader from "../../../shaders/elementwise/scale.wgsl";
import { byteSize, elementCount } from "../../base/tensors.ts";
import { computeAgain, defineOperator, typeOf } from "../../graph/operator.ts";
import { dispatchElements } from "../common/lanes.ts";
import { requireSameShape } from "../common/shapes.ts";
import { lowerBinary } from "./binary.ts";

export interface ScaleAttributes {
  readonly scale: number;
}

/** Gradient of scaledAdd by r: dr = scale · dy. */
export const scaledAddGradient = defineOperator<ScaleAttributes>({
  name: "scaledAddGradient",
  inputs: ["dy"],
  attributes: (read) => ({ scale: read.number("scale") }),
  infer: (inputs) => ({ dr: typeOf(inputs, "dy") }),
  lower({ attrs, input, output, dispatch }) {
    const dr = output("dr");
    const kernel = { name: "elementwise/scale", source: scaleShader };
    const { scale } = attrs;
    dispatchElements(dispatch, kernel, elementCount(dr.shape), { x: input("dy"), y: dr }, { scale });
  },
  cost(inputs) {
    const dy = typeOf(inputs, "dy");
    return { flops: elementCount(dy.shape), bytes: 2 * byteSize(dy) };
  },
});

/** y = x + scale · r, tensors of one shape. Attribute: `scale`. */
export const scaledAdd = defineOperator<ScaleAttributes>({
  name: "scaledAdd",
  recompute: computeAgain,
  inputs: ["x", "r"],
  attributes: (read) => ({ scale: read.number("scale") }),
  infer(inputs) {
    requireSameShape("scaledAdd", inputs, "r", "x");
    return { y: typeOf(inputs, "x") };
  },
  gradient({ graph, attrs, dOutput, wants }) {
    const dy = dOutput("y");
    if (!wants("r") || attrs.scale === 1) return { x: dy, r: dy };
    return { x: dy, r: graph.applyOne(scaledAddGradient, { dy }, { scale: attrs.scale }) };
  },
  lower(lowering) {
    const { attrs, input, output } = lowering;
    lowerBinary(lowering, {
      a: input("x"),
      b: input("r"),
      y: output("y"),
      multiply: false,
      scale: attrs.scale,
    });
  },
  cost(inputs) {
    const x = typeOf(inputs, "x");
    return { flops: 2 * elementCount(x.shape), bytes: 3 * byteSize(x) };
  },
});
