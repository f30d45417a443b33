// batchNorm in float64, one channel at a time: y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, over all axes
// but the last. In training, mean and biased variance are those of the batch, and moving = moving * momentum + batch *
// (1 - momentum); in inference they are the moving averages. weft's own optional input validRows [1]: only rows n <
// validRows count; other rows are normalised, and their dx is 0.

import { elementCount, type Shape } from "../../base/tensors.ts";
import {
  type Definition,
  type ExactSum,
  type NamedValues,
  type Operands,
  operand,
  operandsOf,
  the,
  type Values,
  zeros,
} from "../common/definition.ts";
import { activated, isPassed, nearKink } from "../elementwise/activations_definition.ts";
import type { Activation } from "../elementwise/fused_activation.ts";

export interface BatchNormAttributes {
  readonly training: boolean;
  readonly epsilon: number;
  readonly momentum: number;
  readonly activation?: Activation;
}

/** x as rows of channels, and the number of valid rows. */
export interface BatchNormExtent {
  readonly channels: number;
  readonly rows: number;
  readonly valid: number;
}

/** @param validRows the number of valid images; all if it is left out */
export function batchNormExtent(x: Shape, validRows?: number): BatchNormExtent {
  const [images = 1] = x;
  const rows = elementCount(x.slice(0, -1));
  return { channels: x.at(-1) ?? 1, rows, valid: (rows / images) * (validRows ?? images) };
}

/** The factors that normalise a channel of x, and the statistics that the gradient reads. */
interface Normalisation {
  readonly mean: number;
  readonly variance: number;
  readonly invStd: number;
  readonly scale: number;
  readonly shift: number;
}

/** From the batch's statistics, in two passes, or from the moving averages. */
function normalisationOf(
  inputs: Operands,
  { channels, valid }: BatchNormExtent,
  { training, epsilon }: BatchNormAttributes,
  c: number,
): Normalisation {
  const x = operand(inputs, "x");
  let [mean, variance] = [0, 0];
  if (training) {
    for (let row = 0; row < valid; row++) mean += (x[row * channels + c] ?? 0) / valid;
    for (let row = 0; row < valid; row++) variance += ((x[row * channels + c] ?? 0) - mean) ** 2 / valid;
  } else {
    [mean, variance] = [inputs.movingMean?.[c] ?? 0, inputs.movingVariance?.[c] ?? 0];
  }
  const invStd = 1 / Math.sqrt(variance + epsilon);
  const scale = (inputs.gamma?.[c] ?? 1) * invStd;
  return { mean, variance, invStd, scale, shift: (inputs.beta?.[c] ?? 0) - mean * scale };
}

/** One channel of y, row by row, and of the moving averages after training. */
export function batchNormChannel(
  inputs: Operands,
  extent: BatchNormExtent,
  attrs: BatchNormAttributes,
  c: number,
) {
  const { momentum, activation = "none" } = attrs;
  const x = operand(inputs, "x");
  const { mean, variance, scale } = normalisationOf(inputs, extent, attrs, c);
  const beta = inputs.beta?.[c] ?? 0;
  const moved = (old: number, batch: number): ExactSum => ({
    value: momentum * old + (1 - momentum) * batch,
    magnitude: Math.abs(old) + Math.abs(batch),
  });
  return {
    y(row: number): ExactSum {
      const at = x[row * extent.channels + c] ?? 0;
      const magnitude = (Math.abs(at) + Math.abs(mean)) * Math.abs(scale) + Math.abs(beta);
      return { value: activated((at - mean) * scale + beta, activation), magnitude };
    },
    newMovingMean: moved(inputs.movingMean?.[c] ?? 0, mean),
    newMovingVariance: moved(inputs.movingVariance?.[c] ?? 0, variance),
  };
}

/**
 * A channel of dgamma, of dbeta, and of dx by rows, from x, dy and the statistics of the forward pass.
 * @param doubt if rounding may decide the side of a kink, how far that value may be off, in units of its magnitude
 */
export function batchNormGradientChannel(
  inputs: Operands,
  { channels, valid }: BatchNormExtent,
  { training, activation = "none" }: Pick<BatchNormAttributes, "training" | "activation">,
  { mean, invStd, scale, shift }: Omit<Normalisation, "variance">,
  c: number,
  doubt: number,
) {
  const [x, dy] = [operand(inputs, "x"), operand(inputs, "dy")];
  const rowAt = (row: number) => {
    const at = x[row * channels + c] ?? 0;
    const upstream = dy[row * channels + c] ?? 0;
    const before = at * scale + shift;
    return {
      g: isPassed(before, activation) ? upstream : 0,
      normal: (at - mean) * invStd,
      doubted: nearKink(before, activation) ? Math.abs(upstream) * doubt : 0,
    };
  };
  let [dbeta, dgamma, ofBeta, ofGamma] = [0, 0, 0, 0];
  for (let row = 0; row < valid; row++) {
    const { g, normal, doubted } = rowAt(row);
    dbeta += g;
    dgamma += g * normal;
    ofBeta += Math.abs(g) + doubted;
    ofGamma += Math.abs(g * normal) + doubted * Math.abs(normal);
  }
  // In training x also moves the mean and the variance.
  const share = training ? 1 / Math.max(1, valid) : 0;
  return {
    dbeta: { value: dbeta, magnitude: ofBeta },
    dgamma: { value: dgamma, magnitude: ofGamma },
    dx(row: number): ExactSum {
      const { g, normal, doubted } = rowAt(row);
      const value = row < valid ? scale * (g - share * (dbeta + normal * dgamma)) : 0;
      const terms = Math.abs(g) + doubted + share * (ofBeta + Math.abs(normal) * ofGamma);
      return { value, magnitude: Math.abs(scale) * terms };
    },
  };
}

/** Writes a channel of a tensor. */
function setChannel(
  { data }: Values,
  { channels, rows }: BatchNormExtent,
  c: number,
  by: (row: number) => ExactSum,
) {
  for (let row = 0; row < rows; row++) data[row * channels + c] = by(row).value;
}

function forward(inputs: NamedValues, attrs: BatchNormAttributes): NamedValues {
  const x = the(inputs, "x");
  const extent = batchNormExtent(x.shape, inputs.validRows?.data[0]);
  const y = zeros(x.shape);
  const [newMovingMean, newMovingVariance] = [zeros([extent.channels]), zeros([extent.channels])];
  for (let c = 0; c < extent.channels; c++) {
    const channel = batchNormChannel(operandsOf(inputs), extent, attrs, c);
    setChannel(y, extent, c, channel.y);
    newMovingMean.data[c] = channel.newMovingMean.value;
    newMovingVariance.data[c] = channel.newMovingVariance.value;
  }
  return attrs.training ? { y, newMovingMean, newMovingVariance } : { y };
}

function gradient(inputs: NamedValues, attrs: BatchNormAttributes, dy: Values): NamedValues {
  const x = the(inputs, "x");
  const extent = batchNormExtent(x.shape, inputs.validRows?.data[0]);
  const dx = zeros(x.shape);
  const [dgamma, dbeta] = [zeros([extent.channels]), zeros([extent.channels])];
  const operands = operandsOf({ ...inputs, dy });
  for (let c = 0; c < extent.channels; c++) {
    const statistics = normalisationOf(operands, extent, attrs, c);
    const channel = batchNormGradientChannel(operands, extent, attrs, statistics, c, 0);
    setChannel(dx, extent, c, channel.dx);
    dgamma.data[c] = channel.dgamma.value;
    dbeta.data[c] = channel.dbeta.value;
  }
  return { dx, ...(inputs.gamma && { dgamma }), ...(inputs.beta && { dbeta }) };
}

export const batchNormDefinition: Definition = {
  forward: (inputs, attrs) => forward(inputs, attrs as unknown as BatchNormAttributes),
  gradient: (inputs, attrs, dOutputs) =>
    gradient(inputs, attrs as unknown as BatchNormAttributes, the(dOutputs, "dy")),
};
