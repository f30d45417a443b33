// What the element-wise functions share: y = f(x), dx = dy f'(x). Two families, each with one kernel a
// direction: straight lines cut off at 0 and at a cap, and the sigmoid with or without x as a factor.

import clampedForward from "../../../shaders/elementwise/clamped_forward.wgsl";
import clampedGradient from "../../../shaders/elementwise/clamped_gradient.wgsl";
import sigmoidForward from "../../../shaders/elementwise/sigmoid_forward.wgsl";
import sigmoidGradient from "../../../shaders/elementwise/sigmoid_gradient.wgsl";
import { byteSize, elementCount } from "../../base/tensors.ts";
import type { UniformValues } from "../../gpu/shader_linking.ts";
import {
  computeAgain,
  defineOperator,
  type KernelUse,
  noAttributes,
  type Operator,
  typeOf,
} from "../../graph/operator.ts";
import { dispatchElements } from "../common/lanes.ts";
import { requireSameShape } from "../common/shapes.ts";

/** A kernel with the uniforms that make it one function. */
interface UnaryKernel {
  readonly use: KernelUse;
  readonly uniforms: UniformValues;
}

/** A function and its slope. */
export interface UnaryFunction {
  readonly forward: UnaryKernel;
  readonly gradient: UnaryKernel;
  /** What the slope follows from: with `y`, x need not be kept until the backward pass. */
  readonly slopeBy: "x" | "y";
  /** Floating-point operations an element, roughly. */
  readonly flops: number;
}

/** The largest finite f32: no cap. */
export const NO_CAP = 3.4028234663852886e38;

/** y = scale x + offset, kept between 0 and `cap`. */
export function clamped(scale: number, offset: number, cap: number): UnaryFunction {
  return {
    forward: {
      use: { name: "elementwise/clamped_forward", source: clampedForward },
      uniforms: { scale, offset, cap },
    },
    gradient: {
      use: { name: "elementwise/clamped_gradient", source: clampedGradient },
      uniforms: { scale, cap },
    },
    slopeBy: "y",
    flops: 4,
  };
}

/** y = s or, if gated, x s, with s = 1 / (1 + exp(-x)). */
export function sigmoidal(isGated: boolean): UnaryFunction {
  const uniforms = { is_gated: isGated ? 1 : 0 };
  return {
    forward: { use: { name: "elementwise/sigmoid_forward", source: sigmoidForward }, uniforms },
    gradient: { use: { name: "elementwise/sigmoid_gradient", source: sigmoidGradient }, uniforms },
    slopeBy: "x",
    flops: 5,
  };
}

/** The operator of an element-wise function (x → y) and the operator of its gradient (x or y, dy → dx). */
export function defineUnary(name: string, rule: UnaryFunction): { operator: Operator; gradient: Operator } {
  const { slopeBy, flops } = rule;
  const gradient = defineOperator({
    name: `${name}Gradient`,
    inputs: [slopeBy, "dy"],
    attributes: noAttributes,
    infer(inputs) {
      requireSameShape(`${name}Gradient`, inputs, "dy", slopeBy);
      return { dx: typeOf(inputs, slopeBy) };
    },
    lower({ input, output, dispatch }) {
      const dx = output("dx");
      const { use, uniforms } = rule.gradient;
      const tensors = { [slopeBy]: input(slopeBy), dy: input("dy"), dx };
      dispatchElements(dispatch, use, elementCount(dx.shape), tensors, uniforms);
    },
    cost(inputs) {
      const dy = typeOf(inputs, "dy");
      return { flops: (flops + 1) * elementCount(dy.shape), bytes: 3 * byteSize(dy) };
    },
  });
  const operator = defineOperator({
    name,
    recompute: computeAgain,
    inputs: ["x"],
    attributes: noAttributes,
    infer: (inputs) => ({ y: typeOf(inputs, "x") }),
    gradient({ graph, input, output, dOutput }) {
      const known = slopeBy === "x" ? input("x") : output("y");
      return { x: graph.applyOne(gradient, { [slopeBy]: known, dy: dOutput("y") }) };
    },
    lower({ input, output, dispatch }) {
      const y = output("y");
      const { use, uniforms } = rule.forward;
      dispatchElements(dispatch, use, elementCount(y.shape), { x: input("x"), y }, uniforms);
    },
    cost(inputs) {
      const x = typeOf(inputs, "x");
      return { flops: flops * elementCount(x.shape), bytes: 2 * byteSize(x) };
    },
  });
  return { operator, gradient };
}
