// multiply: y = a b; b may be [N, 1, 1, C]. Gradient: da = dy b, db = dy a, summed over space where b was
// spread.

import { sameShape } from "../base/tensors.ts";
import { computeAgain, defineOperator, noAttributes, type Operator } from "../graph/operator.ts";
import { binaryCost, inferBinary, lowerBinary } from "./binary.ts";
import { floatTypeOf } from "./cast.ts";
import { sumOverSpace } from "./sum_over_space.ts";

export const multiply: Operator = defineOperator({
  name: "multiply",
  recompute: computeAgain,
  inputs: ["a", "b"],
  attributes: noAttributes,
  infer: (inputs) => inferBinary("multiply", inputs),
  gradient({ graph, input, dOutput, wants }) {
    const dy = dOutput("y");
    const a = input("a");
    const b = input("b");
    const db = () =>
      sameShape(a.shape, b.shape)
        ? graph.applyOne(multiply, { a: dy, b: a })
        : graph.applyOne(sumOverSpace, { x: dy, r: a }, { keepDimensions: true, dtype: floatTypeOf(b) });
    return {
      a: wants("a") ? graph.applyOne(multiply, { a: dy, b }) : undefined,
      b: wants("b") ? db() : undefined,
    };
  },
  lower(lowering) {
    const { input, output } = lowering;
    lowerBinary(lowering, { a: input("a"), b: input("b"), y: output("y"), multiply: true });
  },
  cost: (inputs) => binaryCost(inputs),
});
