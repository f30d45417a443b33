// add: y = a + b, and multiply: y = a * b, in float64. b has a's shape, or it is [N, 1, 1, C] and is broadcast over
// space; its gradient is then summed over space.

import { type Definition, type NamedValues, sizes4, the, zeros } from "../common/definition.ts";

/** For each element of a, the corresponding element of b. */
function partners(inputs: NamedValues): number[] {
  const a = the(inputs, "a");
  const b = the(inputs, "b");
  if (a.data.length === b.data.length) return Array.from(a.data, (_, i) => i);
  const [, H, W, C] = sizes4(a.shape);
  return Array.from(a.data, (_, i) => Math.floor(i / (H * W * C)) * C + (i % C));
}

export const addDefinition: Definition = {
  forward(inputs) {
    const a = the(inputs, "a");
    const b = the(inputs, "b");
    const partner = partners(inputs);
    return { y: { shape: a.shape, data: a.data.map((value, i) => value + b.data[partner[i]!]!) } };
  },
  gradient(inputs, _attrs, dOutputs) {
    const dy = the(dOutputs, "dy");
    const db = zeros(the(inputs, "b").shape);
    partners(inputs).forEach((partner, i) => {
      db.data[partner]! += dy.data[i]!;
    });
    return { da: dy, db };
  },
};

export const multiplyDefinition: Definition = {
  forward(inputs) {
    const a = the(inputs, "a");
    const b = the(inputs, "b");
    const partner = partners(inputs);
    return { y: { shape: a.shape, data: a.data.map((value, i) => value * b.data[partner[i]!]!) } };
  },
  gradient(inputs, _attrs, dOutputs) {
    const a = the(inputs, "a");
    const b = the(inputs, "b");
    const dy = the(dOutputs, "dy").data;
    const da = zeros(a.shape);
    const db = zeros(b.shape);
    partners(inputs).forEach((partner, i) => {
      da.data[i] = dy[i]! * b.data[partner]!;
      db.data[partner]! += dy[i]! * a.data[i]!;
    });
    return { da, db };
  },
};
