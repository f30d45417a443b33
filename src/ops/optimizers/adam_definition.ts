// adam as Keras 3: alpha = lr * sqrt(1 - beta2^step) / (1 - beta1^step); m += (grad - m) * (1 - beta1);
// v += (grad^2 - v) * (1 - beta2); param -= m * alpha / (sqrt(v) + epsilon).

import { type Definition, type NamedValues, the, zeros } from "../common/definition.ts";

export interface AdamAttributes {
  /** Counted from 1. */
  readonly step: number;
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

function forward(inputs: NamedValues, attrs: AdamAttributes): NamedValues {
  const { step, lr, beta1, beta2, epsilon } = attrs;
  const param = the(inputs, "param");
  const grad = the(inputs, "grad").data;
  const alpha = (lr * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
  const newParam = zeros(param.shape);
  const newM = zeros(param.shape);
  const newV = zeros(param.shape);
  for (let i = 0; i < grad.length; i++) {
    const m = the(inputs, "m").data[i]!;
    const v = the(inputs, "v").data[i]!;
    newM.data[i] = m + (grad[i]! - m) * (1 - beta1);
    newV.data[i] = v + (grad[i]! ** 2 - v) * (1 - beta2);
    newParam.data[i] = param.data[i]! - (newM.data[i]! * alpha) / (Math.sqrt(newV.data[i]!) + epsilon);
  }
  return { newParam, newM, newV };
}

export const adamDefinition: Definition = {
  forward: (inputs, attrs) => forward(inputs, attrs as unknown as AdamAttributes),
};
