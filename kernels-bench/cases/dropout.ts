// dropout before the heads.

import { mix32 } from "../../src/base/random.ts";
import { type Attributes, type NamedValues, the, type Values } from "../../src/ops/common/definition.ts";
import type { OperatorCase, OperatorForm } from "./bench_case.ts";

/** Numbers of 24 bits are drawn; a value is kept if its number is at least the rate's share of them. */
const DRAWN_NUMBERS = 2 ** 24;

/** x with the generator's mask applied, scaled by the share that is kept. */
function dropped({ shape, data }: Values, inputs: NamedValues, attrs: Attributes): Values {
  const [seed = 0, step = 0] = the(inputs, "seed").data;
  const rate = attrs.rate as number;
  const key = mix32(mix32(seed >>> 0) ^ step);
  const isKept = (i: number) => {
    const bits = mix32((mix32((i ^ key) >>> 0) + key) >>> 0);
    return Math.floor(bits / 256) / DRAWN_NUMBERS >= rate;
  };
  return { shape, data: data.map((value, i) => (isKept(i) ? value / (1 - rate) : 0)) };
}

const form = (x: readonly number[]): OperatorForm => ({
  attrs: { rate: 0.5, salt: 0 },
  inputs: { x: { shape: x }, seed: { shape: [2], dtype: "u32", draw: [77, 3] } },
});

export const dropoutCases: readonly OperatorCase[] = [
  {
    op: "dropout",
    name: "16x1536",
    of: "InceptionResNetV2, before the heads",
    isQuick: false,
    real: form([16, 1536]),
    small: form([3, 80]),
    passes: { forward: [], gradient: ["x"] },
    reference: {
      forward: (inputs, attrs) => ({ y: dropped(the(inputs, "x"), inputs, attrs) }),
      gradient: (inputs, attrs, dOutputs) => ({ dx: dropped(the(dOutputs, "dy"), inputs, attrs) }),
    },
  },
];
