// batchNorm: y = activation(gamma · (x - mean) / sqrt(variance + epsilon) + beta), channel by channel. In training,
// mean and variance are computed over the batch's valid rows and the moving averages are updated. In inference they are
// the moving averages. Ioffe and Szegedy 2015; Keras' BatchNormalization.

import gradientInput from "../../../shaders/batch_norm/gradient_input.wesl";
import gradientSums from "../../../shaders/batch_norm/gradient_sums.wesl";
import normalizeBatch from "../../../shaders/batch_norm/normalize_batch.wesl";
import statistics from "../../../shaders/batch_norm/statistics.wesl";
import { WeftError } from "../../base/errors.ts";
import { byteSize, elementCount, type Shape, shapeText, type TensorType } from "../../base/tensors.ts";
import type { Tensor } from "../../graph/graph.ts";
import { defineOperator, type Lowering, type TypesByRole, typeOf } from "../../graph/operator.ts";
import { neighbours } from "../common/candidates.ts";
import { ACTIVATION_CODES, type Activation, readActivation } from "../elementwise/fused_activation.ts";
import { lowerGradientSumsOnGpu, lowerStatisticsOnGpu, MAX_SPLITS_ON_GPU, splitsOnGpu } from "./gpu_sums.ts";
import { affineInputs, lowerMovingStatistics } from "./moving_statistics.ts";
import { channelForm, lowerNormalize, normalize, specialise } from "./normalize.ts";

interface BatchNormAttrs {
  readonly training: boolean;
  readonly epsilon: number;
  readonly momentum: number;
  readonly activation: Activation;
}

/**
 * How a reduction over rows is split: enough threads for every core, few enough chunks that merging them stays cheap.
 */
const CUTS = {
  cpu: { threads: 512, maxSplits: 32, rowsPerSplit: 16 },
  gpu: { threads: 512, maxSplits: MAX_SPLITS_ON_GPU, rowsPerSplit: 2 },
} as const;
/** With more chunks, merging them costs more than any adapter gains. */
const MAX_SPLITS = 64;
const MIN_ROWS_PER_CHUNK = 16;
const MIN_ROWS_PER_THREAD = 8;
/** Threads of a workgroup in the kernels that merge chunks. */
const THREADS = 16;

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

/**
 * The chunks of a reduction over rows, and how many rows a thread of the second pass handles. The thread first merges
 * all chunks of its channel; that must cost little compared with the rows.
 */
function cutRows(l: Lowering<object>, rows: number, units: number) {
  const { threads, maxSplits, rowsPerSplit } = CUTS[l.device.family];
  const isGpu = l.device.family === "gpu";
  const wanted = isGpu ? splitsOnGpu(rows) : Math.min(maxSplits, Math.ceil(threads / units));
  const most = Math.max(1, Math.floor(rows / MIN_ROWS_PER_CHUNK));
  const mostSplits = Math.min(most, isGpu ? maxSplits : MAX_SPLITS);
  const splits = l.choose("splits", neighbours(Math.min(wanted, most), 1, mostSplits));
  const guess = Math.max(MIN_ROWS_PER_THREAD, rowsPerSplit * splits);
  const rowsPerThread = l.choose("rowsPerThread", neighbours(guess, MIN_ROWS_PER_THREAD, rows));
  return { splits, rowsPerThread, parts: Math.ceil(rows / rowsPerThread) };
}

/** The partial sums of the first pass: two values per chunk and channel, then the number of valid images. */
function partialSums(l: Lowering<object>, splits: number, channels: number): Tensor {
  return l.workspace("partial sums", { shape: [splits * 2 * channels + 4], dtype: "f32" });
}

function validRows(l: Lowering<object>, images: number) {
  return l.hasInput("validRows") ? l.input("validRows") : l.constant("valid rows", [images], "u32");
}

function lowerInference(l: Lowering<BatchNormAttrs>): void {
  const statistics = l.output("statistics");
  lowerMovingStatistics(l, statistics, l.attrs.epsilon);
  lowerNormalize(l, { x: l.input("x"), statistics }, l.attrs.activation);
}

function lowerTraining(l: Lowering<BatchNormAttrs>): void {
  const x = l.input("x");
  const { rows, channels, images, rowsPerImage } = rowsAndChannels(x.shape);
  const { epsilon, momentum, activation } = l.attrs;
  const y = l.rows("y");
  const form = channelForm(channels, y);
  const { units } = form;
  const { splits, rowsPerThread, parts } = cutRows(l, rows, units);
  const partials = partialSums(l, splits, channels);
  const sizes = { channels: units, rows, rows_per_image: rowsPerImage, splits };
  const valid = validRows(l, images);
  if (l.device.family === "gpu") {
    lowerStatisticsOnGpu(l, { x, validRows: valid, partials }, sizes, form);
  } else {
    l.dispatch(specialise("statistics", statistics, form), {
      tensors: { x, valid_rows: valid, partials },
      uniforms: sizes,
      workgroups: Math.ceil((units * splits) / THREADS),
    });
  }
  // x stands in for an absent gamma or beta: the moving averages are written in this dispatch.
  const { tensors, flags } = affineInputs(l, x);
  l.dispatch(specialise("normalize_batch", normalizeBatch, form), {
    tensors: {
      x,
      partials,
      ...tensors,
      statistics: l.output("statistics"),
      moving_mean: l.output("newMovingMean"),
      moving_variance: l.output("newMovingVariance"),
      y: y.tensor,
    },
    uniforms: {
      ...sizes,
      ...form.uniforms("y", y),
      rows_per_thread: rowsPerThread,
      ...flags,
      activation: ACTIVATION_CODES[activation],
      epsilon,
      momentum,
      one_minus_momentum: 1 - momentum,
    },
    workgroups: Math.ceil((units * parts) / THREADS),
  });
}

/**
 * Batch normalization of x [N, …, C] over all axes but the last, followed by an activation; also the new moving averages
 * and the statistics [4, C] that were used. Only the first `validRows` samples count. Attributes: `epsilon`, `momentum`,
 * `training`, `activation`.
 */
export const batchNorm = defineOperator<BatchNormAttrs>({
  name: "batchNorm",
  inputs: ["x", "gamma?", "beta?", "movingMean", "movingVariance", "validRows?"],
  kernels: { rows: ["y"], factors: ["activation", "epsilon", "momentum"] },
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
    if (l.attrs.training) lowerTraining(l);
    else lowerInference(l);
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

/** Gradients of batchNorm with respect to x, gamma and beta; without dx if `inputGradient` is false. */
export const batchNormGradient = defineOperator<BatchNormGradientAttrs>({
  name: "batchNormGradient",
  inputs: ["dy", "x", "statistics", "validRows?"],
  kernels: { rows: ["dy"], factors: ["activation"] },
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
    const dy = l.rows("dy");
    const { rows, channels, images, rowsPerImage } = rowsAndChannels(x.shape);
    const { training, inputGradient } = l.attrs;
    const form = channelForm(channels, dy);
    const { units } = form;
    const { splits, rowsPerThread, parts } = cutRows(l, rows, units);
    const partials = partialSums(l, splits, channels);
    const statistics = l.input("statistics");
    const activation = ACTIVATION_CODES[l.attrs.activation];
    const sizes = {
      channels: units,
      rows,
      rows_per_image: rowsPerImage,
      splits,
      activation,
      ...form.uniforms("dy", dy),
    };
    const valid = validRows(l, images);
    if (l.device.family === "gpu") {
      const read = { x, dy: dy.tensor, statistics, validRows: valid };
      lowerGradientSumsOnGpu(l, { ...read, partials }, sizes, form);
    } else {
      l.dispatch(specialise("gradient_sums", gradientSums, form), {
        tensors: { x, dy: dy.tensor, statistics, valid_rows: valid, partials },
        uniforms: sizes,
        workgroups: Math.ceil((units * splits) / THREADS),
      });
    }
    const [dgamma, dbeta] = [l.output("dgamma"), l.output("dbeta")];
    const dx = inputGradient ? l.output("dx") : l.workspace("unwanted dx", { shape: x.shape, dtype: "f32" });
    l.dispatch(specialise("gradient_input", gradientInput, form), {
      tensors: { x, dy: dy.tensor, statistics, partials, dgamma, dbeta, dx },
      uniforms: { ...sizes, rows_per_thread: rowsPerThread, training: Number(training) },
      workgroups: Math.ceil((units * parts) / THREADS),
    });
  },
  cost(inputs) {
    const x = typeOf(inputs, "x");
    return { flops: 12 * elementCount(x.shape), bytes: 5 * byteSize(x) };
  },
});
