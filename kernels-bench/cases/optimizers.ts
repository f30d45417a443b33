// adam, sgd, increment: the update of all weights, and the count of its steps.

import type { Attributes, NamedValues } from "../../src/ops/common/definition.ts";
import { the } from "../../src/ops/common/definition.ts";
import type { OperatorCase, OperatorForm } from "./bench_case.ts";

/** Trainable weights without a top. */
const PARAMETERS = { mobileNetV2: 2_223_872 } as const;
const EIGHT_MILLION = 8 * 2 ** 20;

const adamForm = (count: number): OperatorForm => ({
  attrs: { step: 2, lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  inputs: {
    param: { shape: [count] },
    grad: { shape: [count] },
    m: { shape: [count] },
    v: { shape: [count], draw: "positive" },
  },
});
const sgdForm = (count: number): OperatorForm => ({
  attrs: { lr: 1e-3, momentum: 0.9 },
  inputs: { param: { shape: [count] }, grad: { shape: [count] }, velocity: { shape: [count] } },
});

function sgdStep(inputs: NamedValues, attrs: Attributes): NamedValues {
  const { shape, data } = the(inputs, "param");
  const grad = the(inputs, "grad").data;
  const velocity = the(inputs, "velocity").data.map(
    (value, i) => (attrs.momentum as number) * value - (attrs.lr as number) * grad[i]!,
  );
  return {
    newParam: { shape, data: data.map((value, i) => value + velocity[i]!) },
    newVelocity: { shape, data: velocity },
  };
}

const rmspropForm = (count: number): OperatorForm => ({
  attrs: { lr: 1e-3 },
  inputs: {
    param: { shape: [count] },
    grad: { shape: [count] },
    velocity: { shape: [count], draw: "positive" },
  },
});

function rmspropStep(inputs: NamedValues, { lr }: Attributes): NamedValues {
  const { shape, data } = the(inputs, "param");
  const grad = the(inputs, "grad").data;
  const velocity = the(inputs, "velocity").data.map((value, i) => 0.9 * value + 0.1 * grad[i]! ** 2);
  const moved = data.map((value, i) => value - ((lr as number) * grad[i]!) / Math.sqrt(velocity[i]! + 1e-7));
  return { newParam: { shape, data: moved }, newVelocity: { shape, data: velocity } };
}

const updates = { param: "newParam", m: "newM", v: "newV" };

export const optimizerCases: readonly OperatorCase[] = [
  {
    op: "adam",
    name: "2.2M",
    of: "MobileNetV2",
    isQuick: true,
    real: adamForm(PARAMETERS.mobileNetV2),
    small: adamForm(1000),
    passes: { forward: [] },
    updates,
    batch: null,
  },
  {
    op: "adam",
    name: "8M",
    of: "Xception, a part of it",
    isQuick: false,
    real: adamForm(EIGHT_MILLION),
    small: adamForm(1000),
    passes: { forward: [] },
    updates,
    batch: null,
  },
  {
    op: "sgd",
    name: "2.2M",
    of: "MobileNetV2",
    isQuick: false,
    real: sgdForm(PARAMETERS.mobileNetV2),
    small: sgdForm(1000),
    passes: { forward: [] },
    updates: { param: "newParam", velocity: "newVelocity" },
    reference: { forward: sgdStep },
    batch: null,
  },
  {
    op: "rmsprop",
    name: "2.2M",
    of: "MobileNetV2",
    isQuick: false,
    real: rmspropForm(PARAMETERS.mobileNetV2),
    small: rmspropForm(1000),
    passes: { forward: [] },
    updates: { param: "newParam", velocity: "newVelocity" },
    reference: { forward: rmspropStep },
    batch: null,
  },
  {
    op: "increment",
    name: "step_count",
    of: "the optimizers",
    isQuick: false,
    real: { attrs: {}, inputs: { x: { shape: [1], draw: "zero" } } },
    small: { attrs: {}, inputs: { x: { shape: [1] } } },
    passes: { forward: [] },
    updates: { x: "y" },
    reference: {
      forward: (inputs) => {
        const { shape, data } = the(inputs, "x");
        return { y: { shape, data: data.map((value) => value + 1) } };
      },
    },
    batch: null,
  },
];
