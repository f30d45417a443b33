// What softmax is checked with.

import { softmaxDefinition } from "../../src/ops/loss/softmax_definition.ts";
import { normal } from "./draw.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

function sample(shape: readonly number[], mean = 0, deviation = 2): Sample {
  const name = mean === 0 && deviation === 2 ? `[${shape}]` : `[${shape}] around ${mean} ± ${deviation}`;
  return { name, attrs: {}, inputs: { x: normal(`softmax${name}`, shape, mean, deviation) } };
}

export const softmax: OperatorRecord = {
  ...softmaxDefinition,
  op: "softmax",
  differentiable: ["x"],
  upstream: ["y"],
  samples: () => [
    sample([1, 1]),
    sample([1, 5]),
    sample([3, 8]),
    sample([5, 13]),
    sample([2, 64]),
    sample([2, 1000]),
    sample([67, 7]),
    sample([2, 3, 5, 7]),
    sample([3, 6], 1000, 1),
    sample([4, 9], 0, 60),
  ],
};
