// batchNorm: y = activation(gamma · (x - mean) / sqrt(variance + epsilon) + beta), channel by channel.
// In training the statistics are those of the batch's valid rows and the moving averages follow them;
// in inference they are the moving averages. Ioffe and Szegedy 2015; Keras' BatchNormalization.

import finishGradient from "../../shaders/batch_norm/finish_gradient.wesl";
import finishStatistics from "../../shaders/batch_norm/finish_statistics.wesl";
import gradientInput from "../../shaders/batch_norm/gradient_input.wesl";
import gradientSums from "../../shaders/batch_norm/gradient_sums.wesl";
import movingStatistics from "../../shaders/batch_norm/moving_statistics.wesl";
import statistics from "../../shaders/batch_norm/statistics.wesl";
import { WeftError } from "../base/errors.ts";
import { byteSize, elementCount, type Shape, shapeText, type TensorType } from "../base/tensors.ts";
import { defineOperator, type Lowering, type TypesByRole, typeOf } from "../graph/operator.ts";
import { ACTIVATION_CODES, type Activation, readActivation } from "./activation.ts";
import { channelUnits, lowerNormalize, normalize, ROWS_PER_THREAD, specialise } from "./normalize.ts";

interface BatchNormAttrs {
  readonly training: boolean;
  readonly epsilon: number;
  readonly momentum: number;
  readonly activation: Activation;
}

/** Threads that sum rows: enough for every core, few enough that adding their sums stays cheap. */
const WANTED_THREADS = 2048;
const MAX_SPLITS = 64;
const MIN_ROWS_PER_SPLIT = 16;

/** Sizes of [N, H, W, C] or [N, C] seen as [rows, channels]. */
function rowsAndChannels(shape: Shape): {
  rows: number;
  channels: number;
  images: number;
  rowsPerImage: number;
} {
  const channels = shape.at(-1) ?? 1;
  const rows = elementCount(shape.slice(0, -1));
  const images = shape[0] ?? 1;
  return { rows, channels, images, rowsPerImage: elementCount(shape.slice(1, -1)) };
}

function checkChannels(inputs: TypesByRole, roles: readonly string[], channels: number, x: Shape): void {
  for (const role of roles) {
    const type = inputs[role];
    if (type && elementCount(type.shape) !== channels) {
      throw new WeftError(
        `batchNorm: ${role} expects ${channels} channels (x is ${shapeText(x)}) but is ${shapeText(type.shape)}`,
      );
    }
  }
}

function splitCount(rows: number, units: number): number {
  const wanted = Math.min(MAX_SPLITS, Math.ceil(WANTED_THREADS / units));
  return Math.max(1, Math.min(wanted, Math.floor(rows / MIN_ROWS_PER_SPLIT)));
}

function validRows(l: Lowering<BatchNormAttrs>, images: number) {
  return l.hasInput("validRows") ? l.input("validRows") : l.constant("valid rows", [images], "u32");
}

function lowerStatistics(l: Lowering<BatchNormAttrs>): void {
  const x = l.input("x");
  const { rows, channels, images, rowsPerImage } = rowsAndChannels(x.shape);
  const gamma = l.hasInput("gamma") ? l.input("gamma") : l.input("movingMean");
  const beta = l.hasInput("beta") ? l.input("beta") : l.input("movingMean");
  const flags = { has_gamma: Number(l.hasInput("gamma")), has_beta: Number(l.hasInput("beta")) };
  const { epsilon, momentum } = l.attrs;
  const perChannel = Math.ceil(channels / 64);
  if (!l.attrs.training) {
    l.dispatch(
      { name: "batch_norm/moving_statistics", source: movingStatistics },
      {
        tensors: {
          moving_mean: l.input("movingMean"),
          moving_variance: l.input("movingVariance"),
          gamma,
          beta,
          statistics: l.output("statistics"),
        },
        uniforms: { channels, ...flags, epsilon },
        workgroups: perChannel,
      },
    );
    return;
  }
  const units = channelUnits(channels);
  const splits = splitCount(rows, units);
  const partials = l.workspace("partial sums", { shape: [splits, 2, channels], dtype: "f32" });
  const valid_rows = validRows(l, images);
  l.dispatch(specialise("statistics", statistics, channels), {
    tensors: { x, valid_rows, partials },
    uniforms: { channels: units, rows, rows_per_image: rowsPerImage, splits },
    workgroups: Math.ceil((units * splits) / 64),
  });
  // x stands in for an absent gamma or beta: the moving averages are written here.
  l.dispatch(
    { name: "batch_norm/finish_statistics", source: finishStatistics },
    {
      tensors: {
        valid_rows,
        partials,
        gamma: l.hasInput("gamma") ? gamma : x,
        beta: l.hasInput("beta") ? beta : x,
        statistics: l.output("statistics"),
        moving_mean: l.output("newMovingMean"),
        moving_variance: l.output("newMovingVariance"),
      },
      uniforms: {
        channels,
        rows,
        rows_per_image: rowsPerImage,
        splits,
        ...flags,
        epsilon,
        momentum,
        one_minus_momentum: 1 - momentum,
      },
      workgroups: perChannel,
    },
  );
}

export const batchNorm = defineOperator<BatchNormAttrs>({
  name: "batchNorm",
  inputs: ["x", "gamma?", "beta?", "movingMean", "movingVariance", "validRows?"],
  fusesActivation: true,
  isCheap: true,
  inPlace: { newMovingMean: "movingMean", newMovingVariance: "movingVariance" },
  attributes: (read) => ({
    training: read.boolean("training", false),
    epsilon: read.number("epsilon", 1e-3),
    momentum: read.number("momentum", 0.99),
    activation: readActivation(read),
  }),
  infer(inputs, { training }) {
    const x = typeOf(inputs, "x");
    if (x.shape.length !== 4 && x.shape.length !== 2) {
      throw new WeftError(`batchNorm: x expects [N,H,W,C] or [N,C] but is ${shapeText(x.shape)}`);
    }
    const { channels } = rowsAndChannels(x.shape);
    checkChannels(inputs, ["gamma", "beta", "movingMean", "movingVariance"], channels, x.shape);
    const vector: TensorType = { shape: [channels], dtype: "f32" };
    const outputs = { y: x, statistics: { shape: [4, channels], dtype: "f32" } satisfies TensorType };
    return training ? { ...outputs, newMovingMean: vector, newMovingVariance: vector } : outputs;
  },
  gradient({ graph, attrs, input, output, hasInput, dOutput, wants }) {
    const dy = dOutput("y");
    if (!dy) return {};
    const { dx, dgamma, dbeta } = graph.apply(
      batchNormGradient,
      {
        dy,
        x: input("x"),
        statistics: output("statistics"),
        validRows: hasInput("validRows") ? input("validRows") : undefined,
      },
      { training: attrs.training, activation: attrs.activation, inputGradient: wants("x") },
    );
    return { x: dx, gamma: dgamma, beta: dbeta };
  },
  recompute: ({ graph, attrs, input, output }) => {
    const inputs = { x: input("x"), statistics: output("statistics") };
    return graph.applyOne(normalize, inputs, { activation: attrs.activation });
  },
  lower(l) {
    lowerStatistics(l);
    const tensors = { x: l.input("x"), statistics: l.output("statistics"), y: l.output("y") };
    lowerNormalize(l, tensors, l.attrs.activation);
  },
  cost(inputs, _outputs, { training }) {
    const x = typeOf(inputs, "x");
    const passes = training ? 3 : 2;
    return { flops: (training ? 6 : 2) * elementCount(x.shape), bytes: passes * byteSize(x) };
  },
});

interface BatchNormGradientAttrs {
  readonly training: boolean;
  readonly activation: Activation;
  readonly inputGradient: boolean;
}

/** Gradients of batchNorm by x, gamma and beta; `inputGradient` false leaves dx out. */
export const batchNormGradient = defineOperator<BatchNormGradientAttrs>({
  name: "batchNormGradient",
  inputs: ["dy", "x", "statistics", "validRows?"],
  attributes: (read) => ({
    training: read.boolean("training"),
    activation: readActivation(read),
    inputGradient: read.boolean("inputGradient", true),
  }),
  infer(inputs, { inputGradient }) {
    const x = typeOf(inputs, "x");
    const { channels } = rowsAndChannels(x.shape);
    const vector: TensorType = { shape: [channels], dtype: "f32" };
    return { ...(inputGradient && { dx: x }), dgamma: vector, dbeta: vector };
  },
  lower(l) {
    const x = l.input("x");
    const dy = l.input("dy");
    const { rows, channels, images, rowsPerImage } = rowsAndChannels(x.shape);
    const units = channelUnits(channels);
    const splits = splitCount(rows, units);
    const activation = ACTIVATION_CODES[l.attrs.activation];
    const valid_rows = l.hasInput("validRows")
      ? l.input("validRows")
      : l.constant("valid rows", [images], "u32");
    const partials = l.workspace("partial sums", { shape: [splits, 2, channels], dtype: "f32" });
    const factors = l.workspace("factors", { shape: [2, channels], dtype: "f32" });
    const statistics = l.input("statistics");
    l.dispatch(specialise("gradient_sums", gradientSums, channels), {
      tensors: { x, dy, statistics, valid_rows, partials },
      uniforms: { channels: units, rows, rows_per_image: rowsPerImage, splits, activation },
      workgroups: Math.ceil((units * splits) / 64),
    });
    l.dispatch(
      { name: "batch_norm/finish_gradient", source: finishGradient },
      {
        tensors: {
          partials,
          statistics,
          valid_rows,
          dgamma: l.output("dgamma"),
          dbeta: l.output("dbeta"),
          factors,
        },
        uniforms: {
          channels,
          rows,
          rows_per_image: rowsPerImage,
          splits,
          training: Number(l.attrs.training),
        },
        workgroups: Math.ceil(channels / 64),
      },
    );
    if (!l.attrs.inputGradient) return;
    l.dispatch(
      specialise("gradient_input", gradientInput, channels, { ROWS_PER_THREAD: `${ROWS_PER_THREAD}u` }),
      {
        tensors: { x, dy, statistics, factors, valid_rows, dx: l.output("dx") },
        uniforms: { channels: units, rows, rows_per_image: rowsPerImage, activation },
        workgroups: Math.ceil((units * Math.ceil(rows / ROWS_PER_THREAD)) / 64),
      },
    );
  },
  cost(inputs) {
    const x = typeOf(inputs, "x");
    return { flops: 12 * elementCount(x.shape), bytes: 5 * byteSize(x) };
  },
});
