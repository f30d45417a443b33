// What resizeBilinear is checked with.

import type { Pair } from "../../src/ops/common/window_definition.ts";
import { resizeBilinearDefinition } from "../../src/ops/image/resize_bilinear_definition.ts";
import { uniform } from "./draw.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

function sample(shape: readonly number[], size: Pair, halfPixelCenters: boolean): Sample {
  const name = `[${shape.join(",")}] to [${size.join(",")}]${halfPixelCenters ? "" : ", corners"}`;
  const x = uniform(`resizeBilinear/${name}`, shape, 0, 255);
  return { name, attrs: { size, halfPixelCenters }, inputs: { x } };
}

export const resizeBilinear: OperatorRecord = {
  ...resizeBilinearDefinition,
  op: "resizeBilinear",
  differentiable: ["x"],
  upstream: ["y"],
  samples: () => [
    ...[true, false].flatMap((isHalf) => [
      sample([2, 3, 5, 3], [7, 11], isHalf),
      sample([1, 17, 13, 3], [5, 6], isHalf),
      sample([2, 9, 6, 1], [4, 15], isHalf),
      sample([1, 8, 8, 3], [16, 16], isHalf),
    ]),
    sample([1, 5, 7, 3], [5, 7], true),
    sample([3, 1, 1, 5], [3, 4], true),
    sample([2, 6, 9, 3], [1, 1], true),
    sample([1, 1, 8, 7], [2, 3], true),
    sample([2, 6, 9, 8], [13, 4], true),
    sample([2, 31, 29, 3], [48, 17], true),
  ],
  badInputs: [
    {
      name: "an empty size",
      attrs: { size: [0, 4], halfPixelCenters: true },
      inputs: { x: [1, 3, 3, 3] },
      message: /resizeBilinear.*size/,
    },
    {
      name: "x of rank 2",
      attrs: { size: [4, 4], halfPixelCenters: true },
      inputs: { x: [3, 3] },
      message: /resizeBilinear.*\bx\b/,
    },
  ],
};
