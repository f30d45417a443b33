// What sum is checked with.

import { sumDefinition } from "../../src/ops/elementwise/sum_definition.ts";
import { uniform } from "./draw.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

function sample(shape: readonly number[], terms: number): Sample {
  const name = `${terms} of [${shape.join(",")}]`;
  const roles = Array.from({ length: terms }, (_, i) => `x${i}`);
  return {
    name,
    attrs: {},
    inputs: Object.fromEntries(roles.map((role) => [role, uniform(`sum/${name}/${role}`, shape)])),
  };
}

export const sum: OperatorRecord = {
  ...sumDefinition,
  op: "sum",
  differentiable: ["x0", "x1", "x2", "x3"],
  upstream: ["y"],
  samples: () => [sample([1], 3), sample([2, 5, 7, 3], 3), sample([3, 17, 8], 4), sample([5, 5], 4)],
  badInputs: [
    { name: "two tensors", attrs: {}, inputs: { x0: [3], x1: [3] }, message: /sum.*three or four/ },
    { name: "another shape", attrs: {}, inputs: { x0: [3], x1: [3], x2: [4] }, message: /sum.*x2/ },
  ],
};
