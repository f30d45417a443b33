// The additional work of mixed precision in a step: casts of weights and features to f16 and back, and the loss scale
// with its search of all gradients for infinities.

import { roundedToHalf } from "../../src/base/half_floats.ts";
import type { Shape } from "../../src/base/tensors.ts";
import { type NamedValues, the, type Values } from "../../src/ops/common/definition.ts";
import { FLAG_THREADS } from "../../src/ops/mixed_precision/find_infinite.ts";
import type { OperatorCase, OperatorForm } from "./bench_case.ts";

/** Trainable weights of MobileNetV2 without a top, in whole blocks of 128. */
const PARAMETERS = 17_374 * 128;
/** Its moving means and variances. */
const MOVING_AVERAGES = 34_112;

const common = { of: "mixed precision", isQuick: false } as const;
const list = (data: ArrayLike<number>): Values => ({ shape: [data.length], data: Float64Array.from(data) });
const narrowed = ({ shape, data }: Values): Values => ({ shape, data: data.map(roundedToHalf) });

const castForm = (shape: Shape): OperatorForm => ({ attrs: { dtype: "f16" }, inputs: { x: { shape } } });
const arenaForm = (count: number): OperatorForm => ({
  attrs: { offsets: [] },
  inputs: { x: { shape: [count] } },
});

/** One tensor of finite values, as good gradients are: every element is checked. */
const searchForm: OperatorForm = {
  attrs: { offsets: [0], sizes: [PARAMETERS] },
  inputs: { x: { shape: [PARAMETERS] } },
};
/** Two tensors with padding after each; both and the padding contain values that are not finite. */
const SPOILT = new Map([
  [70, Number.NEGATIVE_INFINITY],
  [120, Number.NaN],
  [300, Number.NaN],
  [450, Number.POSITIVE_INFINITY],
]);
const smallSearchForm: OperatorForm = {
  attrs: { offsets: [0, 256], sizes: [100, 150] },
  inputs: { x: { shape: [512], draw: Array.from({ length: 512 }, (_, i) => SPOILT.get(i) ?? i) } },
};

/** Flags for the threads of the largest family: in the small form each thread checks one element. */
function flagsOf(inputs: NamedValues, { offsets, sizes }: Readonly<Record<string, unknown>>): Values {
  const { data } = the(inputs, "x");
  const flags = new Float64Array(FLAG_THREADS.cpu);
  for (const [i, offset] of (offsets as readonly number[]).entries()) {
    const end = offset + ((sizes as readonly number[])[i] ?? 0);
    for (let at = offset; at < end; at++) if (!Number.isFinite(data[at])) flags[at] = 1;
  }
  return list(flags);
}

/** The scale is 1, so its exponent is 15 below the start; three good steps so far. */
const updateForm: OperatorForm = {
  attrs: {},
  inputs: {
    state: { shape: [2], draw: [-15, 3] },
    flags: { shape: [FLAG_THREADS.gpu], draw: "zero" },
  },
};
const seedForm = (count: number): OperatorForm => ({
  attrs: { count },
  inputs: { state: { shape: [2], draw: [-12, 0] } },
});

/** A step that is skipped, so that everything is written. */
const revertForm = (count: number): OperatorForm => ({
  attrs: {},
  inputs: { current: { shape: [count] }, saved: { shape: [count] }, verdict: { shape: [2], draw: "zero" } },
});

export const mixedPrecisionCases: readonly OperatorCase[] = [
  {
    ...common,
    op: "cast",
    name: "56x144_to_f16",
    real: castForm([8, 56, 56, 144]),
    small: castForm([2, 5, 7, 36]),
    passes: { forward: [], gradient: ["x"] },
    reference: {
      forward: (inputs) => ({ y: narrowed(the(inputs, "x")) }),
      gradient: (_inputs, _attrs, upstream) => ({ dx: the(upstream, "dy") }),
    },
    requires: ["shader-f16"],
  },
  {
    ...common,
    op: "narrowArena",
    name: "2.2M",
    real: arenaForm(PARAMETERS),
    small: arenaForm(1000),
    passes: { forward: [] },
    upstream: [],
    reference: { forward: (inputs) => ({ whole: narrowed(the(inputs, "x")) }) },
    requires: ["shader-f16"],
    batch: null,
  },
  {
    ...common,
    op: "lossScaleSeed",
    name: "8",
    real: seedForm(8),
    small: seedForm(8),
    passes: { forward: [] },
    reference: { forward: () => ({ seed: list(Array.from({ length: 8 }, () => 8)) }) },
    batch: null,
  },
  {
    ...common,
    op: "findInfinite",
    name: "2.2M",
    real: searchForm,
    small: smallSearchForm,
    passes: { forward: [] },
    reference: { forward: (inputs, attrs) => ({ flags: flagsOf(inputs, attrs) }) },
    batch: null,
  },
  {
    ...common,
    op: "lossScaleUpdate",
    name: "good_step",
    real: updateForm,
    small: updateForm,
    passes: { forward: [] },
    updates: { state: "newState" },
    reference: { forward: () => ({ newState: list([-15, 4]), verdict: list([1, 1]) }) },
    batch: null,
  },
  {
    ...common,
    op: "revertSkipped",
    name: "34k",
    real: revertForm(MOVING_AVERAGES),
    small: revertForm(1003),
    passes: { forward: [] },
    updates: { current: "y" },
    reference: { forward: (inputs) => ({ y: the(inputs, "saved") }) },
    batch: null,
  },
];
