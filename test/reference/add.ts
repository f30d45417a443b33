// add: y = a + b; b may be [N, 1, 1, C], its gradient is then summed over space.
import { binaryBadInputs, binarySamples, partners } from "./binary.ts";
import { type OperatorRecord, the, zeros } from "./reference.ts";

export const add: OperatorRecord = {
  op: "add",
  differentiable: ["a", "b"],
  upstream: ["y"],
  samples: () => binarySamples("add"),
  badInputs: binaryBadInputs("add"),
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
