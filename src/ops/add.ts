// add: y = a + b; b may be [N, 1, 1, C]. Gradient: da = dy, db = dy, summed over space where b was spread.

import { sameShape } from "../base/tensors.ts";
import { defineOperator, noAttributes } from "../graph/operator.ts";
import { binaryCost, inferBinary, lowerBinary } from "./binary.ts";
import { sumOverSpace } from "./sum_over_space.ts";

export const add = defineOperator({
  name: "add",
  isCheap: true,
  residuals: () => [
    { addend: "a", branch: "b", scale: 1 },
    { addend: "b", branch: "a", scale: 1 },
  ],
  inputs: ["a", "b"],
  attributes: noAttributes,
  infer: (inputs) => inferBinary("add", inputs),
  gradient({ graph, input, dOutput, wants }) {
    const dy = dOutput("y");
    const { shape, dtype } = input("b");
    const isSpread = !sameShape(input("a").shape, shape);
    if (!isSpread || !wants("b")) return { a: dy, b: isSpread ? undefined : dy };
    return { a: dy, b: graph.applyOne(sumOverSpace, { x: dy }, { keepDimensions: true, dtype }) };
  },
  lower(lowering) {
    const { input, output } = lowering;
    lowerBinary(lowering, { a: input("a"), b: input("b"), y: output("y"), multiply: false });
  },
  cost: (inputs) => binaryCost(inputs),
});
