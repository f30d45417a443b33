// scaledAdd: y = x + scale * r.

import { type Attributes, type Definition, the } from "../common/definition.ts";

const scaleOf = (attrs: Attributes) => attrs.scale as number;

export const scaledAddDefinition: Definition = {
  forward(inputs, attrs) {
    const x = the(inputs, "x");
    const r = the(inputs, "r").data;
    return { y: { shape: x.shape, data: x.data.map((value, i) => value + scaleOf(attrs) * r[i]!) } };
  },
  gradient(_inputs, attrs, dOutputs) {
    const dy = the(dOutputs, "dy");
    return { dx: dy, dr: { shape: dy.shape, data: dy.data.map((value) => scaleOf(attrs) * value) } };
  },
};
