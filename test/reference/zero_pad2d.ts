// What zeroPad2d is checked with.

import { type Amounts, zeroPad2dDefinition } from "../../src/ops/layout/zero_pad2d_definition.ts";
import { uniform } from "./draw.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

function sample(shape: readonly number[], amounts: Amounts): Sample {
  const name = `[${shape.join(",")}] by ${JSON.stringify(amounts)}`;
  return { name, attrs: { amounts }, inputs: { x: uniform(`zeroPad2d/${name}`, shape) } };
}

export const zeroPad2d: OperatorRecord = {
  ...zeroPad2dDefinition,
  op: "zeroPad2d",
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
      [1, 1, 1, 3],
      [
        [2, 1],
        [0, 3],
      ],
    ),
    sample(
      [2, 5, 7, 3],
      [
        [1, 1],
        [1, 1],
      ],
    ),
    sample(
      [2, 4, 6, 8],
      [
        [0, 1],
        [0, 1],
      ],
    ),
    sample(
      [3, 7, 5, 13],
      [
        [3, 3],
        [3, 3],
      ],
    ),
    sample(
      [1, 5, 3, 33],
      [
        [0, 0],
        [2, 0],
      ],
    ),
    sample(
      [2, 17, 19, 12],
      [
        [1, 2],
        [3, 4],
      ],
    ),
  ],
  badInputs: [
    {
      name: "a negative amount",
      attrs: {
        amounts: [
          [-1, 0],
          [0, 0],
        ],
      },
      inputs: { x: [1, 3, 3, 4] },
      message: /zeroPad2d.*amounts/,
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
      message: /zeroPad2d.*\bx\b/,
    },
  ],
};
