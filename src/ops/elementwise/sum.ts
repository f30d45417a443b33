// sum: y = x0 + x1 + x2 (+ x3), tensors of one shape, in one pass. It adds up the gradients of a tensor that several
// nodes read. Gradient: dy for each.

import shader from "../../../shaders/elementwise/sum.wgsl";
import { WeftError } from "../../base/errors.ts";
import { byteSize, elementCount, sameShape, shapeText } from "../../base/tensors.ts";
import type { Tensor } from "../../graph/graph.ts";
import {
  computeAgain,
  defineOperator,
  type GraphBuilder,
  noAttributes,
  typeOf,
} from "../../graph/operator.ts";
import { dispatchElements } from "../common/lanes.ts";
import { add } from "./binary.ts";

const MOST_TERMS = 4;

/** y = x0 + x1 + …, up to four tensors of one shape. `sumOf` takes any number. */
export const sum = defineOperator({
  name: "sum",
  recompute: computeAgain,
  inputs: ["x*"],
  attributes: noAttributes,
  infer(inputs) {
    const x = typeOf(inputs, "x0");
    const terms = Object.entries(inputs);
    if (terms.length < 3 || terms.length > MOST_TERMS) {
      throw new WeftError(`sum: expects three or four tensors, received ${terms.length}`);
    }
    for (const [role, type] of terms) {
      if (type && sameShape(type.shape, x.shape)) continue;
      throw new WeftError(
        `sum: ${role} expects ${shapeText(x.shape)} but is ${shapeText(type?.shape ?? [])}`,
      );
    }
    return { y: x };
  },
  gradient: ({ inputRoles, dOutput }) => Object.fromEntries(inputRoles.map((role) => [role, dOutput("y")])),
  lower({ inputRoles, input, output, dispatch }) {
    const y = output("y");
    const [x0, x1, x2] = [input("x0"), input("x1"), input("x2")];
    const terms = inputRoles.length;
    dispatchElements(
      dispatch,
      { name: "elementwise/sum", source: shader },
      elementCount(y.shape),
      { x0, x1, x2, x3: terms === MOST_TERMS ? input("x3") : x2, y },
      { terms },
    );
  },
  cost(inputs) {
    const x = typeOf(inputs, "x0");
    const terms = Object.keys(inputs).length;
    return { flops: (terms - 1) * elementCount(x.shape), bytes: (terms + 1) * byteSize(x) };
  },
});

/** The sum of tensors of one shape as new nodes, in order; differentiation adds gradients with it. */
export function sumOf(graph: GraphBuilder, tensors: readonly Tensor[]): Tensor {
  const [first, second, ...rest] = tensors;
  if (!first) throw new Error("a sum of nothing");
  if (!second) return first;
  if (rest.length === 0) return graph.applyOne(add, { a: first, b: second });
  const now = tensors.slice(0, MOST_TERMS);
  const inputs = Object.fromEntries(now.map((tensor, i) => [`x${i}`, tensor]));
  return sumOf(graph, [graph.applyOne(sum, inputs), ...tensors.slice(MOST_TERMS)]);
}
