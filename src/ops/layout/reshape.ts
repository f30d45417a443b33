// reshape: the same elements in another shape. Gradient: dy in the shape of x. Nothing is copied if the input is not
// needed afterwards.

import { WeftError } from "../../base/errors.ts";
import { elementCount, shapeText } from "../../base/tensors.ts";
import { defineOperator, type Operator, typeOf } from "../../graph/operator.ts";

interface ReshapeAttributes {
  readonly shape: readonly number[];
}

/** The same elements in another `shape`. */
export const reshape: Operator<ReshapeAttributes> = defineOperator<ReshapeAttributes>({
  name: "reshape",
  inputs: ["x"],
  attributes: (read) => ({ shape: read.wholeNumbers("shape") }),
  infer(inputs, { shape }) {
    const x = typeOf(inputs, "x");
    if (elementCount(shape) !== elementCount(x.shape)) {
      throw new WeftError(`reshape: x is ${shapeText(x.shape)}, which does not fill ${shapeText(shape)}`);
    }
    return { y: { shape, dtype: x.dtype } };
  },
  gradient({ graph, input, dOutput }) {
    const dy = dOutput("y");
    return dy ? { x: graph.applyOne(reshape, { x: dy }, { shape: input("x").shape }) } : {};
  },
  inPlace: { y: "x" },
  lower() {},
  cost: () => ({ flops: 0, bytes: 0 }),
});
