// What reshape is checked with.

import { reshapeDefinition } from "../../src/ops/layout/reshape_definition.ts";
import { uniform } from "./draw.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

function sample(from: readonly number[], shape: readonly number[]): Sample {
  const name = `[${from.join(",")}] to [${shape.join(",")}]`;
  return { name, attrs: { shape }, inputs: { x: uniform(`reshape/${name}/x`, from) } };
}

export const reshape: OperatorRecord = {
  ...reshapeDefinition,
  op: "reshape",
  differentiable: ["x"],
  upstream: ["y"],
  samples: () => [
    sample([1, 1], [1]),
    sample([2, 35], [2, 1, 1, 35]),
    sample([3, 1, 1, 24], [3, 24]),
    sample([2, 5, 3, 7], [2, 105]),
  ],
  badInputs: [
    {
      name: "a shape that does not hold it",
      attrs: { shape: [2, 1, 1, 34] },
      inputs: { x: [2, 35] },
      message: /reshape.*does not fill/,
    },
  ],
};
