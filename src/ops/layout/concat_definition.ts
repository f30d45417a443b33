// concat: x0, x1, … one after the other along the axis; a negative axis counts from the last. The gradient is split at
// the same positions.

import { elementCount } from "../../base/tensors.ts";
import {
  type Attributes,
  type Definition,
  type NamedValues,
  the,
  type Values,
  zeros,
} from "../common/definition.ts";

/** x0, x1, … in order. */
function partsOf(inputs: NamedValues): Values[] {
  const parts: Values[] = [];
  for (let i = 0; inputs[`x${i}`]; i++) parts.push(the(inputs, `x${i}`));
  return parts;
}

/** Calls visit(part, element of the part, element of y) for every element; returns the shape of y. */
function walk(
  inputs: NamedValues,
  attrs: Attributes,
  visit: (part: number, from: number, to: number) => void,
) {
  const parts = partsOf(inputs);
  const first = the(inputs, "x0").shape;
  const axis = (attrs.axis as number) < 0 ? (attrs.axis as number) + first.length : (attrs.axis as number);
  const inner = elementCount(first.slice(axis + 1));
  const total = parts.reduce((sum, part) => sum + part.shape[axis]!, 0);
  let offset = 0;
  parts.forEach((part, index) => {
    const length = part.shape[axis]!;
    for (let i = 0; i < part.data.length; i++) {
      const outer = Math.floor(i / (length * inner));
      visit(index, i, (outer * total + offset) * inner + (i % (length * inner)));
    }
    offset += length;
  });
  return first.map((size, dimension) => (dimension === axis ? total : size));
}

export const concatDefinition: Definition = {
  forward(inputs, attrs) {
    const parts = partsOf(inputs);
    const y = zeros(walk(inputs, attrs, () => {}));
    walk(inputs, attrs, (part, from, to) => {
      y.data[to] = parts[part]!.data[from]!;
    });
    return { y };
  },
  gradient(inputs, attrs, dOutputs) {
    const dy = the(dOutputs, "dy").data;
    const gradients = partsOf(inputs).map((part) => zeros(part.shape));
    walk(inputs, attrs, (part, from, to) => {
      gradients[part]!.data[from] = dy[to]!;
    });
    return Object.fromEntries(gradients.map((values, i) => [`dx${i}`, values]));
  },
};
