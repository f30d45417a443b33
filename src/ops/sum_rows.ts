// sumRows: y[c] = Σ x[…, c] over all but the last axis; the gradient of a bias.

import { byteSize, elementCount } from "../base/tensors.ts";
import { defineOperator, noAttributes, typeOf } from "../graph/operator.ts";
import { sumColumns } from "./convolution.ts";

export const sumRows = defineOperator({
  name: "sumRows",
  inputs: ["x"],
  attributes: noAttributes,
  infer: (inputs) => ({ y: { shape: [typeOf(inputs, "x").shape.at(-1) ?? 1], dtype: "f32" } }),
  lower: (l) => sumColumns(l, l.input("x"), l.output("y")),
  cost(inputs) {
    const x = typeOf(inputs, "x");
    return { flops: elementCount(x.shape), bytes: byteSize(x) };
  },
});
