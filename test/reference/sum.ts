// sum: y = x0 + x1 + x2 (+ x3).
import { uniform } from "./draw.ts";
import { type NamedValues, type OperatorRecord, type Sample, the } from "./reference.ts";

function sample(shape: readonly number[], terms: number): Sample {
  const name = `${terms} of [${shape.join(",")}]`;
  const roles = Array.from({ length: terms }, (_, i) => `x${i}`);
  return {
    name,
    attrs: {},
    inputs: Object.fromEntries(roles.map((role) => [role, uniform(`sum/${name}/${role}`, shape)])),
  };
}

const total = (inputs: NamedValues, i: number) =>
  Object.values(inputs).reduce((sum, { data }) => sum + data[i]!, 0);

export const sum: OperatorRecord = {
  op: "sum",
  differentiable: ["x0", "x1", "x2", "x3"],
  upstream: ["y"],
  samples: () => [sample([1], 3), sample([2, 5, 7, 3], 3), sample([3, 17, 8], 4), sample([5, 5], 4)],
  badInputs: [
    { name: "two tensors", attrs: {}, inputs: { x0: [3], x1: [3] }, message: /sum.*three or four/ },
    { name: "another shape", attrs: {}, inputs: { x0: [3], x1: [3], x2: [4] }, message: /sum.*x2/ },
  ],
  forward(inputs) {
    const { shape, data } = the(inputs, "x0");
    return { y: { shape, data: data.map((_, i) => total(inputs, i)) } };
  },
  gradient: (inputs, _attrs, dOutputs) =>
    Object.fromEntries(Object.keys(inputs).map((role) => [`d${role}`, the(dOutputs, "dy")])),
};
