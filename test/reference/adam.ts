// What adam is checked with.

import { zeros } from "../../src/ops/common/definition.ts";
import { type AdamAttributes, adamDefinition } from "../../src/ops/optimizers/adam_definition.ts";
import { exactly, uniform } from "./draw.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

const KERAS: AdamAttributes = { step: 1, lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

function sample(shape: readonly number[], attrs: Partial<AdamAttributes>): Sample {
  const all = { ...KERAS, ...attrs };
  const isFirst = all.step === 1;
  const name = `[${shape.join(",")}] step ${all.step} lr ${all.lr}`;
  const inputs = {
    param: uniform(`adam/${name}/param`, shape),
    grad: uniform(`adam/${name}/grad`, shape),
    m: isFirst ? zeros(shape) : uniform(`adam/${name}/m`, shape),
    v: isFirst ? zeros(shape) : uniform(`adam/${name}/v`, shape, 0.01, 1),
  };
  return { name, attrs: { ...all }, inputs };
}

export const adam: OperatorRecord = {
  ...adamDefinition,
  op: "adam",
  differentiable: [],
  upstream: [],
  samples: () => [
    sample([1], {}),
    sample([5], { step: 2 }),
    sample([3, 3, 7, 13], { lr: 0.1 }),
    sample([16, 8], { step: 7, lr: 1e-2 }),
    sample([33, 5], { step: 1000, lr: 1e-4 }),
    sample([67], { step: 100000, lr: 1e-2, beta1: 0.8, beta2: 0.99, epsilon: 1e-3 }),
    sample([3, 3, 40, 37], { step: 20, lr: 0.1 }),
    {
      name: "no gradient and no moments: nothing moves",
      attrs: { ...KERAS },
      inputs: { param: exactly([3], [1, -2, 0]), grad: zeros([3]), m: zeros([3]), v: zeros([3]) },
    },
  ],
  badInputs: [
    {
      name: "grad of another shape",
      attrs: { ...KERAS },
      inputs: { param: [3, 4], grad: [4, 3], m: [3, 4], v: [3, 4] },
      message: /adam.*grad/,
    },
  ],
};
