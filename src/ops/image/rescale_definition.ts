// rescale: y[…, c] = scale_c * x[…, c] + offset_c.

import { type Attributes, type Definition, the } from "../common/definition.ts";

const listOf = (attrs: Attributes, name: string) => attrs[name] as readonly number[];

export const rescaleDefinition: Definition = {
  forward(inputs, attrs) {
    const { shape, data } = the(inputs, "x");
    const scale = listOf(attrs, "scale");
    const offset = listOf(attrs, "offset");
    const y = data.map((value, i) => scale[i % scale.length]! * value + offset[i % scale.length]!);
    return { y: { shape, data: y } };
  },
  gradient(_inputs, attrs, dOutputs) {
    const { shape, data } = the(dOutputs, "dy");
    const scale = listOf(attrs, "scale");
    return { dx: { shape, data: data.map((value, i) => scale[i % scale.length]! * value) } };
  },
};
