// What the element-wise functions share: y = f(x), dx = dy f'(x). Three families, each with one kernel a direction:
// straight lines cut off at 0 and at a cap, the sigmoid with or without x as a factor, and the GELU.

import clampedForward from "../../../shaders/elementwise/clamped_forward.wgsl";
import clampedGradient from "../../../shaders/elementwise/clamped_gradient.wgsl";
import geluForward from "../../../shaders/elementwise/gelu_forward.wgsl";
import geluGradient from "../../../shaders/elementwise/gelu_gradient.wgsl";
import sigmoidForward from "../../../shaders/elementwise/sigmoid_forward.wgsl";
import sigmoidGradient from "../../../shaders/elementwise/sigmoid_gradient.wgsl";
import { byteSize, elementCount } from "../../base/tensors.ts";
import type { UniformValues } from "../../gpu/shader_linking.ts";
import type { AttributeReader } from "../../graph/attributes.ts";
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

/** A kernel and the uniforms that make it a particular function. */
interface UnaryKernel {
  readonly use: KernelUse;
  readonly uniforms: UniformValues;
}

/** A function and its derivative. */
export interface UnaryFunction {
  readonly forward: UnaryKernel;
  readonly gradient: UnaryKernel;
  /** The operand of the derivative: with `y`, x need not be kept until the backward pass. */
  readonly slopeBy: "x" | "y";
  /** Floating-point operations per element, roughly. */
  readonly flops: number;
}

/** The largest finite f32: no cap. */
export const NO_CAP = 3.4028234663852886e38;

/** y = scale x + offset, clamped to 0 … `cap`. */
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

/** y = x P(X <= x) for a standard normal X, or Keras' approximation of it by tanh. */
export function gaussian(isApproximate: boolean): UnaryFunction {
  const uniforms = { approximate: isApproximate ? 1 : 0 };
  return {
    forward: { use: { name: "elementwise/gelu_forward", source: geluForward }, uniforms },
    gradient: { use: { name: "elementwise/gelu_gradient", source: geluGradient }, uniforms },
    slopeBy: "x",
    flops: 20,
  };
}

/** An element-wise function whose attributes decide which one it is. */
interface UnaryFamily<A extends object> {
  attributes(read: AttributeReader): A;
  /** The function for some attributes; `slopeBy` is the same for all. */
  rule(attrs: A): UnaryFunction;
}

/** The operator of an element-wise function (x → y) and the operator of its gradient (x or y, dy → dx). */
export function defineUnary(name: string, rule: UnaryFunction): { operator: Operator; gradient: Operator } {
  return defineUnaryFamily(name, rule.slopeBy, { attributes: noAttributes, rule: () => rule });
}

/** As `defineUnary`, for a function with attributes. */
export function defineUnaryFamily<A extends object>(
  name: string,
  slopeBy: UnaryFunction["slopeBy"],
  { attributes, rule }: UnaryFamily<A>,
): { operator: Operator<A>; gradient: Operator<A> } {
  const gradient = defineOperator<A>({
    name: `${name}Gradient`,
    inputs: [slopeBy, "dy"],
    attributes,
    infer(inputs) {
      requireSameShape(`${name}Gradient`, inputs, "dy", slopeBy);
      return { dx: typeOf(inputs, slopeBy) };
    },
    lower({ attrs, input, output, dispatch }) {
      const dx = output("dx");
      const { use, uniforms } = rule(attrs).gradient;
      const tensors = { [slopeBy]: input(slopeBy), dy: input("dy"), dx };
      dispatchElements(dispatch, use, elementCount(dx.shape), tensors, uniforms);
    },
    cost(inputs, _outputs, attrs) {
      const dy = typeOf(inputs, "dy");
      return { flops: (rule(attrs).flops + 1) * elementCount(dy.shape), bytes: 3 * byteSize(dy) };
    },
  });
  const operator = defineOperator<A>({
    name,
    recompute: computeAgain,
    inputs: ["x"],
    attributes,
    infer: (inputs) => ({ y: typeOf(inputs, "x") }),
    gradient({ graph, attrs, input, output, dOutput }) {
      const known = slopeBy === "x" ? input("x") : output("y");
      const plain: Operator = gradient;
      return { x: graph.applyOne(plain, { [slopeBy]: known, dy: dOutput("y") }, attrs) };
    },
    lower({ attrs, input, output, dispatch }) {
      const y = output("y");
      const { use, uniforms } = rule(attrs).forward;
      dispatchElements(dispatch, use, elementCount(y.shape), { x: input("x"), y }, uniforms);
    },
    cost(inputs, _outputs, attrs) {
      const x = typeOf(inputs, "x");
      return { flops: rule(attrs).flops * elementCount(x.shape), bytes: 2 * byteSize(x) };
    },
  });
  return { operator, gradient };
}
