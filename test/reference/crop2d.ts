// What crop2d is checked with.

import { type Amounts, crop2dDefinition } from "../../src/ops/layout/zero_pad2d_definition.ts";
import { uniform } from "./draw.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

function sample(shape: readonly number[], amounts: Amounts): Sample {
  const name = `[${shape.join(",")}] by ${JSON.stringify(amounts)}`;
  return { name, attrs: { amounts }, inputs: { x: uniform(`crop2d/${name}`, shape) } };
}

export const crop2d: OperatorRecord = {
  ...crop2dDefinition,
  op: "crop2d",
  differentiable: ["x"],
  upstream: ["y"],
  samples: () => [
    sample(
      [1, 1, 1, 1],
      [
        [0, 0],
        [0, 0],
      ],
    ),
    sample(
      [2, 3, 5, 3],
      [
        [1, 1],
        [2, 2],
      ],
    ),
    sample(
      [2, 6, 8, 8],
      [
        [1, 0],
        [1, 0],
      ],
    ),
    sample(
      [1, 9, 7, 13],
      [
        [3, 2],
        [0, 5],
      ],
    ),
    sample(
      [3, 4, 5, 33],
      [
        [0, 0],
        [1, 0],
      ],
    ),
    sample(
      [2, 17, 19, 12],
      [
        [1, 2],
        [3, 1],
      ],
    ),
  ],
  badInputs: [
    {
      name: "nothing left",
      attrs: {
        amounts: [
          [2, 1],
          [0, 0],
        ],
      },
      inputs: { x: [1, 3, 3, 4] },
      message: /crop2d.*amounts/,
    },
    {
      name: "a negative amount",
      attrs: {
        amounts: [
          [0, 0],
          [0, -1],
        ],
      },
      inputs: { x: [1, 3, 3, 4] },
      message: /crop2d.*amounts/,
    },
    {
      name: "x of rank 2",
      attrs: {
        amounts: [
          [1, 1],
          [1, 1],
        ],
      },
      inputs: { x: [3, 4] },
      message: /crop2d.*\bx\b/,
    },
  ],
};
