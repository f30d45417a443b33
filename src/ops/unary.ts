// What the element-wise functions share: y = f(x), dx = dy f'(x), with one kernel for each direction that
// chooses f by a uniform.

import forwardShader from "../../shaders/unary/forward.wgsl";
import gradientShader from "../../shaders/unary/gradient.wgsl";
import { byteSize, elementCount } from "../base/tensors.ts";
import { defineOperator, noAttributes, type Operator, typeOf } from "../graph/operator.ts";
import { elementWorkgroups, lanesFor } from "./lanes.ts";
import { requireSameShape } from "./shapes.ts";

/** Numbers of the functions in shaders/common/functions.wesl. */
const FUNCTIONS = { relu: 0, relu6: 1, sigmoid: 2, swish: 3, hardSigmoid: 4 } as const;

export interface UnaryDefinition {
  readonly name: keyof typeof FUNCTIONS;
  /** What the slope is computed from: `y` spares the memory of x until the backward pass. */
  readonly slopeBy: "x" | "y";
  /** Floating-point operations an element, roughly. */
  readonly flops: number;
  /** See `Operator.activation`. */
  readonly activation?: string;
}

/** The operator of an element-wise function (x → y) and the operator of its gradient (v, dy → dx). */
export function defineUnary(definition: UnaryDefinition): { operator: Operator; gradient: Operator } {
  const { name, slopeBy, flops, activation } = definition;
  const kind = FUNCTIONS[name];
  const gradient = defineOperator({
    name: `${name}Gradient`,
    inputs: ["v", "dy"],
    attributes: noAttributes,
    infer(inputs) {
      const v = typeOf(inputs, "v");
      requireSameShape(`${name}Gradient`, inputs, "dy", "v");
      return { dx: v };
    },
    lower({ input, output, dispatch }) {
      const dx = output("dx");
      const count = elementCount(dx.shape);
      const { width, conditions } = lanesFor(count);
      dispatch(
        { name: "unary/gradient", source: gradientShader, conditions },
        {
          tensors: { v: input("v"), dy: input("dy"), dx },
          uniforms: { count: count / width, kind },
          workgroups: elementWorkgroups(count / width),
        },
      );
    },
    cost(inputs) {
      const v = typeOf(inputs, "v");
      return { flops: (flops + 1) * elementCount(v.shape), bytes: 3 * byteSize(v) };
    },
  });
  const operator = defineOperator({
    name,
    inputs: ["x"],
    attributes: noAttributes,
    infer: (inputs) => ({ y: typeOf(inputs, "x") }),
    gradient({ graph, input, output, dOutput }) {
      const v = slopeBy === "x" ? input("x") : output("y");
      return { x: graph.applyOne(gradient, { v, dy: dOutput("y") }) };
    },
    ...(activation !== undefined && { activation }),
    lower({ input, output, dispatch }) {
      const y = output("y");
      const count = elementCount(y.shape);
      const { width, conditions } = lanesFor(count);
      dispatch(
        { name: "unary/forward", source: forwardShader, conditions },
        {
          tensors: { x: input("x"), y },
          uniforms: { count: count / width, kind },
          workgroups: elementWorkgroups(count / width),
        },
      );
    },
    cost(inputs) {
      const x = typeOf(inputs, "x");
      return { flops: flops * elementCount(x.shape), bytes: 2 * byteSize(x) };
    },
  });
  return { operator, gradient };
}
