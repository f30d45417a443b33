// reshape: y has the elements of x in another shape.

import { type Definition, the } from "../common/definition.ts";

export const reshapeDefinition: Definition = {
  forward: (inputs, attrs) => ({
    y: { shape: attrs.shape as readonly number[], data: the(inputs, "x").data },
  }),
  gradient: (inputs, _attrs, dOutputs) => ({
    dx: { shape: the(inputs, "x").shape, data: the(dOutputs, "dy").data },
  }),
};
