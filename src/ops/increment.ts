// increment: y = x + 1, in place; counts optimizer steps on the GPU.

import shader from "../../shaders/increment/increment.wesl";
import { byteSize, elementCount } from "../base/tensors.ts";
import { defineOperator, noAttributes, typeOf } from "../graph/operator.ts";

export const increment = defineOperator({
  name: "increment",
  inputs: ["x"],
  inPlace: { y: "x" },
  attributes: noAttributes,
  infer: (inputs) => ({ y: typeOf(inputs, "x") }),
  lower(l) {
    const count = elementCount(l.output("y").shape);
    l.dispatch(
      { name: "increment/increment", source: shader },
      { tensors: { value: l.output("y") }, uniforms: { count }, workgroups: Math.ceil(count / 64) },
    );
  },
  cost(inputs) {
    const x = typeOf(inputs, "x");
    return { flops: elementCount(x.shape), bytes: 2 * byteSize(x) };
  },
});
