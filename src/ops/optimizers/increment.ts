// increment: y = x + 1, in place, unless the verdict of loss scaling is 0; counts optimizer steps on the GPU.

import shader from "../../../shaders/optimizers/increment.wesl";
import { byteSize, elementCount } from "../../base/tensors.ts";
import { defineOperator, noAttributes, typeOf } from "../../graph/operator.ts";
import { scaledBy } from "./optimizer.ts";

/** y = x + 1, in place: counts the steps of an optimizer on the GPU. If `verdict` is 0, x stays as it is. */
export const increment = defineOperator({
  name: "increment",
  inputs: ["x", "verdict?"],
  inPlace: { y: "x" },
  attributes: noAttributes,
  infer: (inputs) => ({ y: typeOf(inputs, "x") }),
  lower(l) {
    const count = elementCount(l.output("y").shape);
    l.dispatch(
      { name: "optimizers/increment", source: shader, ...scaledBy(l).use },
      {
        tensors: { value: l.output("y"), ...scaledBy(l).tensors },
        uniforms: { count },
        workgroups: Math.ceil(count / 64),
      },
    );
  },
  cost(inputs) {
    const x = typeOf(inputs, "x");
    return { flops: elementCount(x.shape), bytes: 2 * byteSize(x) };
  },
});
