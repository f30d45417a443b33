// add: y = a + b; b may be [N, 1, 1, C]. Gradient: da = dy, db = dy, summed over space where b was spread.

import { sameShape } from "../base/tensors.ts";
import { computeAgain, defineOperator, noAttributes } from "../graph/operator.ts";
import { binaryCost, inferBinary, lowerBinary } from "./binary.ts";
import { floatTypeOf } from "./cast.ts";
import { sumOverSpace } from "./sum_over_space.ts";

export const add = defineOperator({
  name: "add",
  recompute: computeAgain,
  inputs: ["a", "b"],
  attributes: noAttributes,
  infer: (inputs) => inferBinary("add", inputs),
  gradient({ graph, input, dOutput, wants }) {
    const dy = dOutput("y");
    const b = input("b");
    const isSpread = !sameShape(input("a").shape, b.shape);
    if (!isSpread || !wants("b")) return { a: dy, b: isSpread ? undefined : dy };
    const attrs = { keepDimensions: true, dtype: floatTypeOf(b) };
    return { a: dy, b: graph.applyOne(sumOverSpace, { x: dy }, attrs) };
  },
  lower(lowering) {
    const { input, output } = lowering;
    lowerBinary(lowering, { a: input("a"), b: input("b"), y: output("y"), multiply: false });
  },
  cost: (inputs) => binaryCost(inputs),
});
