// What rescale is checked with.

import { rescaleDefinition } from "../../src/ops/image/rescale_definition.ts";
import { uniform } from "./draw.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

function sample(shape: readonly number[], scale: readonly number[], offset: readonly number[]): Sample {
  const name = `[${shape.join(",")}]`;
  return { name, attrs: { scale, offset }, inputs: { x: uniform(`rescale/${name}/x`, shape) } };
}

export const rescale: OperatorRecord = {
  ...rescaleDefinition,
  op: "rescale",
  differentiable: ["x"],
  upstream: ["y"],
  samples: () => [
    sample([3, 1], [0.5], [-1]),
    sample([2, 5, 7, 3], [0.5, 2, -1.5], [0.25, 0, -3]),
    sample([1, 17, 19, 3], [2.0897, 2.1129, 2.1082], [0, 0, 0]),
    sample([2, 9, 8, 4], [1, 2, 3, 4], [-1, -2, -3, -4]),
  ],
  badInputs: [
    {
      name: "five channels",
      attrs: { scale: [1, 1, 1, 1, 1], offset: [0, 0, 0, 0, 0] },
      inputs: { x: [2, 3, 3, 5] },
      message: /rescale.*at most 4/,
    },
    {
      name: "a scale too few",
      attrs: { scale: [1, 1], offset: [0, 0, 0] },
      inputs: { x: [2, 3, 3, 3] },
      message: /rescale.*2 and 3/,
    },
  ],
};
