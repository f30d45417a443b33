// What scaledAdd is checked with.

import { scaledAddDefinition } from "../../src/ops/elementwise/scaled_add_definition.ts";
import { uniform } from "./draw.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

function sample(shape: readonly number[], scale: number): Sample {
  const name = `[${shape.join(",")}] scale ${scale}`;
  const inputs = { x: uniform(`scaledAdd/${name}/x`, shape), r: uniform(`scaledAdd/${name}/r`, shape) };
  return { name, attrs: { scale }, inputs };
}

export const scaledAdd: OperatorRecord = {
  ...scaledAddDefinition,
  op: "scaledAdd",
  differentiable: ["x", "r"],
  upstream: ["y"],
  samples: () => [
    sample([1, 1], 0.5),
    sample([5, 33], 1),
    sample([1, 7, 5, 3], 0.17),
    sample([2, 4, 4, 8], 0.1),
    sample([3, 5, 3, 13], -2),
    sample([2, 3, 5, 7], 0),
    sample([3, 17, 19, 24], 0.2),
  ],
  badInputs: [
    {
      name: "r of another shape",
      attrs: { scale: 0.1 },
      inputs: { x: [2, 4, 4, 8], r: [2, 4, 4, 7] },
      message: /scaledAdd.*\br\b/,
    },
  ],
};
