// sgd: one step of gradient descent with momentum (and Nesterov's form) on a tensor of parameters, in
// place, as keras.optimizers.SGD computes it. Momentum 0 is plain gradient descent.

import shader from "../../../shaders/optimizers/sgd.wesl";
import { WeftError } from "../../base/errors.ts";
import { byteSize, elementCount, sameShape, shapeText } from "../../base/tensors.ts";
import { defineOperator, typeOf } from "../../graph/operator.ts";
import { scaledBy } from "./adam.ts";

interface SgdAttrs {
  /** Used where the input learningRate is absent. */
  readonly lr: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
}

export const sgd = defineOperator<SgdAttrs>({
  name: "sgd",
  inputs: ["param", "grad", "velocity", "learningRate?", "verdict?"],
  inPlace: { newParam: "param", newVelocity: "velocity" },
  attributes: (read) => ({
    lr: read.number("lr", 1e-2),
    momentum: read.number("momentum", 0),
    nesterov: read.boolean("nesterov", false),
    weightDecay: read.number("weightDecay", 0),
  }),
  infer(inputs) {
    const param = typeOf(inputs, "param");
    for (const role of ["grad", "velocity"]) {
      const type = typeOf(inputs, role);
      if (!sameShape(type.shape, param.shape)) {
        throw new WeftError(
          `sgd: param is ${shapeText(param.shape)} but ${role} is ${shapeText(type.shape)}`,
        );
      }
    }
    return { newParam: param, newVelocity: param };
  },
  lower(l) {
    const { momentum, nesterov, weightDecay, lr } = l.attrs;
    const count = elementCount(l.output("newParam").shape);
    l.dispatch(
      { name: "optimizers/sgd", source: shader, ...scaledBy(l).use },
      {
        tensors: {
          ...scaledBy(l).tensors,
          grad: l.input("grad"),
          learning_rate: l.hasInput("learningRate") ? l.input("learningRate") : l.constant("lr", [lr], "f32"),
          param: l.output("newParam"),
          velocity: l.output("newVelocity"),
        },
        uniforms: { count, momentum, nesterov: Number(nesterov), weight_decay: weightDecay },
        workgroups: Math.ceil(count / 256),
      },
    );
  },
  cost(inputs) {
    const param = typeOf(inputs, "param");
    return { flops: 5 * elementCount(param.shape), bytes: 5 * byteSize(param) };
  },
});
