// batchNorm in training, with what the networks fuse behind it, and the pieces of it that other passes use alone:
// normalize, movingStatistics, foldWeights.

import { type Attributes, type NamedValues, the, type Values } from "../../src/ops/common/definition.ts";
import { batchNorm as record } from "../../test/reference/batch_norm.ts";
import { type OperatorCase, type OperatorForm, type Reference, smallShape } from "./bench_case.ts";
import { type NormShape, SHAPES } from "./shapes.ts";

const EPSILON = 1e-3;

/** The cap of an activation; the gradient does not pass at or beyond the ends. */
const CEILING = { none: Number.POSITIVE_INFINITY, relu: Number.POSITIVE_INFINITY, relu6: 6 } as const;
const activationOf = (attrs: Attributes) => attrs.activation as NonNullable<NormShape["activation"]>;

function activated({ shape, data }: Values, attrs: Attributes): Values {
  const activation = activationOf(attrs);
  if (activation === "none") return { shape, data };
  return { shape, data: data.map((value) => Math.min(Math.max(value, 0), CEILING[activation])) };
}

/** The record's batch norm, and the activation behind it. */
const withActivation: Reference = {
  forward(inputs, attrs) {
    const outputs = record.forward(inputs, attrs);
    return { ...outputs, y: activated(the(outputs, "y"), attrs) };
  },
  gradient(inputs, attrs, dOutputs) {
    const { data: before } = the(record.forward(inputs, attrs), "y");
    const dy = the(dOutputs, "dy");
    const activation = activationOf(attrs);
    const passes = (value: number) => activation === "none" || (value > 0 && value < CEILING[activation]);
    const masked = { shape: dy.shape, data: dy.data.map((d, i) => (passes(before[i]!) ? d : 0)) };
    return record.gradient?.(inputs, attrs, { dy: masked }) ?? {};
  },
};

function form(x: readonly number[], activation: string): OperatorForm {
  const vector = [x.at(-1) ?? 1];
  return {
    attrs: { training: true, epsilon: EPSILON, momentum: 0.99, activation },
    inputs: {
      x: { shape: x },
      gamma: { shape: vector, draw: "positive" },
      beta: { shape: vector },
      movingMean: { shape: vector, draw: "zero" },
      movingVariance: { shape: vector, draw: "positive" },
    },
  };
}

const training = SHAPES.batchNorm.map(
  ({ name, of, x, activation = "none", quick = false }): OperatorCase => ({
    op: "batchNorm",
    name,
    of,
    isQuick: quick,
    real: form(x, activation),
    small: form(smallShape(x), activation),
    passes: { forward: [], gradient: ["x", "gamma", "beta"] },
    updates: { movingMean: "newMovingMean", movingVariance: "newMovingVariance" },
    reference: withActivation,
  }),
);

/** Row of a [4, C] tensor of statistics: mean, 1 / deviation, scale, shift. */
const SCALE_ROW = 2;
const SHIFT_ROW = 3;

/** scale_c and shift_c of element i, c its channel. */
function scaleAndShift({ shape, data }: Values, i: number): { scale: number; shift: number } {
  const channels = shape[1]!;
  const c = i % channels;
  return { scale: data[SCALE_ROW * channels + c]!, shift: data[SHIFT_ROW * channels + c]! };
}

function normalized(inputs: NamedValues, attrs: Attributes): NamedValues {
  const x = the(inputs, "x");
  const statistics = the(inputs, "statistics");
  const data = x.data.map((value, i) => {
    const { scale, shift } = scaleAndShift(statistics, i);
    return value * scale + shift;
  });
  return { y: activated({ shape: x.shape, data }, attrs) };
}

function moving(inputs: NamedValues, attrs: Attributes): NamedValues {
  const mean = the(inputs, "movingMean").data;
  const invStd = the(inputs, "movingVariance").data.map((v) => 1 / Math.sqrt(v + (attrs.epsilon as number)));
  const scale = invStd.map((value, c) => value * the(inputs, "gamma").data[c]!);
  const shift = scale.map((value, c) => the(inputs, "beta").data[c]! - mean[c]! * value);
  const rows = [mean, invStd, scale, shift].flatMap((row) => [...row]);
  return { statistics: { shape: [4, mean.length], data: Float64Array.from(rows) } };
}

function folded(inputs: NamedValues): NamedValues {
  const { shape, data } = the(inputs, "w");
  const b = the(inputs, "b");
  const statistics = the(inputs, "statistics");
  const of = (i: number) => scaleAndShift(statistics, i);
  return {
    folded: { shape, data: data.map((value, i) => value * of(i).scale) },
    bias: { shape: b.shape, data: b.data.map((value, i) => value * of(i).scale + of(i).shift) },
  };
}

const normalizeForm = (x: readonly number[]): OperatorForm => ({
  attrs: { activation: "relu6" },
  inputs: { x: { shape: x }, statistics: { shape: [4, x.at(-1) ?? 1] } },
});
const movingForm = (channels: number): OperatorForm => ({
  attrs: { epsilon: EPSILON },
  inputs: {
    gamma: { shape: [channels] },
    beta: { shape: [channels] },
    movingMean: { shape: [channels] },
    movingVariance: { shape: [channels], draw: "positive" },
  },
});
const foldForm = (channels: number): OperatorForm => ({
  attrs: {},
  inputs: {
    w: { shape: [3, 3, channels, 1] },
    b: { shape: [channels] },
    statistics: { shape: [4, channels] },
  },
});

export const batchNormCases: readonly OperatorCase[] = [
  ...training,
  {
    op: "normalize",
    name: "56x144_relu6",
    of: "MobileNetV2 224, recomputed",
    isQuick: false,
    real: normalizeForm([8, 56, 56, 144]),
    small: normalizeForm([2, 7, 5, 64]),
    passes: { forward: [] },
    reference: { forward: normalized },
  },
  {
    op: "movingStatistics",
    name: "c1280",
    of: "MobileNetV2, inference",
    isQuick: false,
    real: movingForm(1280),
    small: movingForm(80),
    passes: { forward: [] },
    reference: { forward: moving },
    batch: null,
  },
  {
    op: "foldWeights",
    name: "3x3_c960",
    of: "MobileNetV2, inference",
    isQuick: false,
    real: foldForm(960),
    small: foldForm(64),
    passes: { forward: [] },
    reference: { forward: folded },
    batch: null,
  },
];
