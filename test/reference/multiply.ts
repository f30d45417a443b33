// multiply: y = a * b; b may be [N, 1, 1, C], its gradient is then summed over space.
import { binaryBadInputs, binarySamples, partners } from "./binary.ts";
import { type OperatorRecord, the, zeros } from "./reference.ts";

export const multiply: OperatorRecord = {
  op: "multiply",
  differentiable: ["a", "b"],
  upstream: ["y"],
  samples: () => binarySamples("multiply"),
  badInputs: binaryBadInputs("multiply"),
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
