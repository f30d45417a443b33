// What batchNorm is checked with.

import {
  type BatchNormAttributes,
  batchNormDefinition,
} from "../../src/ops/batch_norm/batch_norm_definition.ts";
import { exactly, normal, uniform } from "./draw.ts";
import type { OperatorRecord, Sample, SampleTolerance } from "./reference.ts";

interface SampleOptions {
  readonly attrs?: Partial<BatchNormAttributes>;
  readonly mean?: number;
  readonly without?: readonly ("gamma" | "beta")[];
  readonly validRows?: number;
  readonly tolerance?: SampleTolerance;
}

function sample(name: string, shape: readonly number[], options: SampleOptions = {}): Sample {
  const C = [shape.at(-1)!];
  const key = `batchNorm/${name}`;
  const inputs: Record<string, ReturnType<typeof uniform>> = {
    x: normal(`${key}/x`, shape, options.mean ?? 0.3),
  };
  if (!options.without?.includes("gamma")) inputs.gamma = uniform(`${key}/gamma`, C, 0.5, 1.5);
  if (!options.without?.includes("beta")) inputs.beta = uniform(`${key}/beta`, C);
  inputs.movingMean = uniform(`${key}/movingMean`, C);
  inputs.movingVariance = uniform(`${key}/movingVariance`, C, 0.5, 1.5);
  if (options.validRows !== undefined) inputs.validRows = exactly([1], [options.validRows]);
  const attrs = { training: true, epsilon: 1e-3, momentum: 0.99, ...options.attrs };
  return { name, attrs, inputs, ...(options.tolerance && { tolerance: options.tolerance }) };
}

function samples(): Sample[] {
  const inference = { training: false };
  const lone = {
    rtol: 2e-5,
    atol: 1e-4,
    reason: "one value a channel: dx is 0, a difference times 1/sqrt(epsilon)",
  };
  return [
    sample("[4,3,5,3]", [4, 3, 5, 3]),
    sample("[2,7,5,13]", [2, 7, 5, 13], { attrs: { momentum: 0.9 } }),
    sample("[1,9,7,33], batch of one", [1, 9, 7, 33], { attrs: { epsilon: 1e-5 } }),
    sample("[3,5,4,1], one channel", [3, 5, 4, 1]),
    sample("[2,8,8,16], vectors of four", [2, 8, 8, 16], { attrs: { momentum: 0.999 } }),
    sample("[13,7], rank 2", [13, 7]),
    sample("[67,130], rank 2", [67, 130]),
    sample("without gamma", [3, 4, 5, 6], { without: ["gamma"], attrs: { momentum: 0.9997 } }),
    sample("without beta", [3, 4, 5, 7], { without: ["beta"] }),
    sample("without gamma and beta", [5, 3, 3, 5], { without: ["gamma", "beta"] }),
    sample("mean far from zero", [4, 6, 5, 8], { mean: 30 }),
    sample("several workgroups", [3, 17, 19, 40]),
    sample("many pixels, few channels", [4, 41, 37, 3]),
    sample("one value a channel", [1, 5], { tolerance: lone }),
    sample("validRows 3 of 5", [5, 3, 4, 7], { validRows: 3 }),
    sample("validRows 1 of 4", [4, 5, 3, 8], { validRows: 1 }),
    sample("validRows all of 3", [3, 4, 4, 5], { validRows: 3 }),
    sample("validRows 9 of 32, rank 2", [32, 13], { validRows: 9 }),
    sample("validRows 2 of 3, several workgroups", [3, 17, 19, 20], { validRows: 2, without: ["gamma"] }),
    sample("inference [2,5,7,5]", [2, 5, 7, 5], { attrs: inference }),
    sample("inference [9,33], rank 2", [9, 33], { attrs: inference }),
    sample("inference, vectors of four", [1, 6, 5, 16], { attrs: { ...inference, epsilon: 1e-5 } }),
    sample("inference without gamma", [3, 3, 5, 7], { attrs: inference, without: ["gamma"] }),
    sample("inference without beta", [3, 3, 5, 7], { attrs: inference, without: ["beta"] }),
    sample("inference, several workgroups", [2, 19, 17, 24], { attrs: inference }),
  ];
}

const ATTRS = { training: true, epsilon: 1e-3, momentum: 0.99 };
const FIVE = { gamma: [5], beta: [5], movingMean: [5], movingVariance: [5] };

export const batchNorm: OperatorRecord = {
  ...batchNormDefinition,
  op: "batchNorm",
  differentiable: ["x", "gamma", "beta"],
  upstream: ["y"],
  samples,
  badInputs: [
    { name: "x of rank 3", attrs: ATTRS, inputs: { x: [2, 3, 5], ...FIVE }, message: /batchNorm.*\bx\b/ },
    {
      name: "gamma of another length",
      attrs: ATTRS,
      inputs: { x: [2, 3, 3, 5], ...FIVE, gamma: [4] },
      message: /batchNorm.*gamma/,
    },
    {
      name: "beta of another length",
      attrs: ATTRS,
      inputs: { x: [2, 3, 3, 5], ...FIVE, beta: [6] },
      message: /batchNorm.*beta/,
    },
    {
      name: "movingVariance of another length",
      attrs: ATTRS,
      inputs: { x: [2, 3, 3, 5], ...FIVE, movingVariance: [1] },
      message: /batchNorm.*movingVariance/,
    },
  ],
};
