// What the activations are checked with: samples of every tail, at kinks and far from zero.

import {
  ACTIVATION_RULES,
  activationDefinition,
  geluDefinition,
} from "../../src/ops/elementwise/activations_definition.ts";
import { exactly, uniformAwayFrom } from "./draw.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

/** Shapes that leave tails of 1-, 4-, 8-, 16- and 64-wide kernels, and one of several workgroups. */
const SHAPES: readonly (readonly number[])[] = [
  [1, 1],
  [3, 5],
  [4, 16],
  [5, 33],
  [1, 3, 5, 1],
  [2, 7, 3, 13],
  [3, 17, 19, 13],
];

interface UnaryRule<Op extends string = keyof typeof ACTIVATION_RULES> {
  readonly op: Op;
  readonly range: readonly [number, number];
  readonly kinks: readonly number[];
  /** Far out on both sides, where a careless form overflows. */
  readonly extremes: readonly number[];
}

/** The record of an element-wise operator y = f(x). */
function unaryRecord(rule: UnaryRule): OperatorRecord {
  return {
    ...activationDefinition(ACTIVATION_RULES[rule.op]),
    op: rule.op,
    differentiable: ["x"],
    upstream: ["y"],
    samples: () => unarySamples(rule),
  };
}

function unarySamples({ op, range, kinks, extremes }: UnaryRule<string>): Sample[] {
  const samples: Sample[] = SHAPES.map((shape) => {
    const name = `[${shape.join(",")}]`;
    return { name, attrs: {}, inputs: { x: uniformAwayFrom(`${op}${name}`, shape, range, kinks) } };
  });
  const far = { x: exactly([1, extremes.length], extremes) };
  samples.push({ name: "far from zero", attrs: {}, inputs: far });
  if (kinks.length > 0) {
    const x = exactly([1, kinks.length], kinks);
    samples.push({ name: "exactly on the kinks", attrs: {}, inputs: { x }, onKink: true });
  }
  return samples;
}

export const relu = unaryRecord({
  op: "relu",
  range: [-3, 3],
  kinks: [0],
  extremes: [-1e6, -100, 100, 1e6],
});

export const relu6 = unaryRecord({
  op: "relu6",
  range: [-4, 10],
  kinks: [0, 6],
  extremes: [-1e6, -100, 5.5, 100, 1e6],
});

export const sigmoid = unaryRecord({
  op: "sigmoid",
  range: [-6, 6],
  kinks: [],
  extremes: [-1000, -100, -20, 0, 20, 100, 1000],
});

export const swish = unaryRecord({
  op: "swish",
  range: [-6, 6],
  kinks: [],
  extremes: [-1000, -100, -20, 0, 20, 100, 1000],
});

const GELU = {
  op: "gelu",
  range: [-5, 5],
  kinks: [],
  extremes: [-1000, -100, -20, -4, 0, 4, 20, 100, 1000],
} as const;

export const gelu: OperatorRecord = {
  ...geluDefinition,
  op: "gelu",
  differentiable: ["x"],
  upstream: ["y"],
  samples: () =>
    [false, true].flatMap((approximate) =>
      unarySamples(GELU).map((sample) => ({
        ...sample,
        name: `${sample.name}${approximate ? " by tanh" : ""}`,
        attrs: { approximate },
      })),
    ),
};

export const hardSigmoid = unaryRecord({
  op: "hardSigmoid",
  range: [-5, 5],
  kinks: [-3, 3],
  extremes: [-1e6, -100, 0, 100, 1e6],
});
