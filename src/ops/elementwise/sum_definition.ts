// sum: y = x0 + x1 + x2 (+ x3).

import { type Definition, type NamedValues, the } from "../common/definition.ts";

const total = (inputs: NamedValues, i: number) =>
  Object.values(inputs).reduce((sum, { data }) => sum + data[i]!, 0);

export const sumDefinition: Definition = {
  forward(inputs) {
    const { shape, data } = the(inputs, "x0");
    return { y: { shape, data: data.map((_, i) => total(inputs, i)) } };
  },
  gradient: (inputs, _attrs, dOutputs) =>
    Object.fromEntries(Object.keys(inputs).map((role) => [`d${role}`, the(dOutputs, "dy")])),
};
