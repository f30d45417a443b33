// adam: one step of Adam on a tensor of parameters (a whole arena of them in training), in place.
// Kingma and Ba 2015, as keras.optimizers.Adam computes it; weightDecay is AdamW's decoupled decay.

import shader from "../../../shaders/optimizers/adam.wesl";
import { WeftError } from "../../base/errors.ts";
import { byteSize, elementCount, sameShape, shapeText } from "../../base/tensors.ts";
import {
  type DispatchRequest,
  defineOperator,
  type KernelUse,
  type Lowering,
  typeOf,
} from "../../graph/operator.ts";

interface AdamAttrs {
  /** Used where the inputs learningRate and stepCount are absent; the step counts from 1. */
  readonly step: number;
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** How an optimizer's kernel takes the verdict of loss scaling, where there is one: see loss_scale.ts. */
export function scaledBy(l: Pick<Lowering<object>, "hasInput" | "input">): {
  readonly use: Pick<KernelUse, "conditions">;
  readonly tensors: DispatchRequest["tensors"];
} {
  if (!l.hasInput("verdict")) return { use: {}, tensors: {} };
  return { use: { conditions: { scaled: true } }, tensors: { verdict: l.input("verdict") } };
}

export const adam = defineOperator<AdamAttrs>({
  name: "adam",
  inputs: ["param", "grad", "m", "v", "learningRate?", "stepCount?", "verdict?"],
  inPlace: { newParam: "param", newM: "m", newV: "v" },
  attributes: (read) => ({
    step: read.whole("step", 1, 1),
    lr: read.number("lr", 1e-3),
    beta1: read.number("beta1", 0.9),
    beta2: read.number("beta2", 0.999),
    epsilon: read.number("epsilon", 1e-7),
    weightDecay: read.number("weightDecay", 0),
  }),
  infer(inputs) {
    const param = typeOf(inputs, "param");
    for (const role of ["grad", "m", "v"]) {
      const type = typeOf(inputs, role);
      if (!sameShape(type.shape, param.shape)) {
        throw new WeftError(
          `adam: param is ${shapeText(param.shape)} but ${role} is ${shapeText(type.shape)}`,
        );
      }
    }
    return { newParam: param, newM: param, newV: param };
  },
  lower(l) {
    const { beta1, beta2, epsilon, weightDecay, lr, step } = l.attrs;
    const count = elementCount(l.output("newParam").shape);
    l.dispatch(
      { name: "optimizers/adam", source: shader, ...scaledBy(l).use },
      {
        tensors: {
          ...scaledBy(l).tensors,
          grad: l.input("grad"),
          learning_rate: l.hasInput("learningRate") ? l.input("learningRate") : l.constant("lr", [lr], "f32"),
          step: l.hasInput("stepCount") ? l.input("stepCount") : l.constant("step", [step], "f32"),
          param: l.output("newParam"),
          m: l.output("newM"),
          v: l.output("newV"),
        },
        uniforms: {
          count,
          log_beta1: Math.log(beta1),
          log_beta2: Math.log(beta2),
          one_minus_beta1: 1 - beta1,
          one_minus_beta2: 1 - beta2,
          epsilon,
          weight_decay: weightDecay,
        },
        workgroups: Math.ceil(count / 256),
      },
    );
  },
  cost(inputs) {
    const param = typeOf(inputs, "param");
    return { flops: 12 * elementCount(param.shape), bytes: 7 * byteSize(param) };
  },
});
