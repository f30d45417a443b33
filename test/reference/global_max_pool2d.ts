// What globalMaxPool2d is checked with.

import { globalMaxPool2dDefinition } from "../../src/ops/pooling/global_max_pool2d_definition.ts";
import { distinct, integers } from "./draw.ts";
import { GLOBAL_POOL_SHAPES } from "./global_avg_pool2d.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

function sample(shape: readonly number[]): Sample {
  const name = `[${shape.join(",")}]`;
  return { name, attrs: {}, inputs: { x: distinct(`globalMaxPool2d${name}`, shape) } };
}

export const globalMaxPool2d: OperatorRecord = {
  ...globalMaxPool2dDefinition,
  op: "globalMaxPool2d",
  differentiable: ["x"],
  upstream: ["y"],
  samples: () => [
    ...GLOBAL_POOL_SHAPES.map(sample),
    {
      name: "ties",
      attrs: {},
      inputs: { x: integers("globalMaxPool2d/ties", [3, 9, 8, 5], 4) },
      onKink: true,
    },
  ],
  badInputs: [{ name: "x of rank 2", attrs: {}, inputs: { x: [5, 4] }, message: /globalMaxPool2d.*\bx\b/ }],
};
