// The expected values of a node for a few elements of its outputs, in float64 from the operators' definitions: a
// candidate must match them before it is timed. They share no code with the kernels, and they are computed for the
// shape that is timed.

import { RandomStream } from "../base/random.ts";
import { elementCount, type Shape } from "../base/tensors.ts";
import type { GraphNode } from "../graph/graph.ts";
import {
  type BatchNormAttributes,
  batchNormChannel,
  batchNormExtent,
  batchNormGradientChannel,
} from "../ops/batch_norm/batch_norm_definition.ts";
import { type Elements, type ExactSum, type Operands, operand } from "../ops/common/definition.ts";
import {
  type ConvolutionAttributes,
  convolutionDataGradient,
  convolutionOutput,
  convolutionSizes,
  convolutionWeightGradient,
} from "../ops/conv2d/conv2d_definition.ts";
import { columnSums } from "../ops/reduce/column_sums_definition.ts";

/** One element of an output. */
export interface ExpectedElement {
  readonly role: string;
  readonly index: number;
  readonly value: number;
  /** The tolerance of a sum in float32, stored in the output's type. */
  readonly allowed: number;
}

/**
 * Rounding in sums of up to some hundred thousand terms, as a share of their magnitude; a missing part is a far larger
 * error.
 */
const ROUNDING = 2e-5;
const SMALLEST_ALLOWED = 1e-6;
const SAMPLES = 24;
/** Channels of batch norm, and rows of each of them. */
const CHANNELS = 4;
const ROWS = 6;

/** Rounding to f16, relative and, for values below its exponents, absolute. */
const HALF_ROUNDING = 2 ** -11;
const SMALLEST_HALF = 2 ** -24;

/** The tolerance of a sum in the output's type. */
function allowedFor(node: GraphNode, role: string, { value, magnitude }: ExactSum): number {
  const ofSum = ROUNDING * magnitude + SMALLEST_ALLOWED;
  if (node.outputs[role]?.dtype !== "f16") return ofSum;
  return ofSum + HALF_ROUNDING * (Math.abs(value) + ofSum) + SMALLEST_HALF;
}

/** Some elements of each output that is checked; undefined if the operator is not known here. */
export function expectedElements(node: GraphNode, inputs: Operands): readonly ExpectedElement[] | undefined {
  switch (node.operator.name) {
    case "conv2d":
    case "depthwiseConv2d":
    case "dense":
      return sampled(node, "y", convolutionOutput(convolutionOf(node), inputs, node.attrs));
    case "conv2dDataGradient":
    case "depthwiseConv2dDataGradient":
    case "denseDataGradient":
      return sampled(node, "dx", convolutionDataGradient(convolutionOf(node), inputs));
    case "conv2dWeightGradient":
    case "depthwiseConv2dWeightGradient":
    case "denseWeightGradient":
      return sampled(node, "dw", convolutionWeightGradient(convolutionOf(node), inputs));
    case "sumRows":
      return sampled(node, "y", columnSums(operand(inputs, "x"), node.inputs.x?.shape.at(-1) ?? 1));
    case "batchNorm":
      return batchNormElements(node, inputs);
    case "batchNormGradient":
      return batchNormGradientElements(node, inputs);
    default:
      return undefined;
  }
}

/** Attributes of the gradients of convolutions as well. */
interface ConvolutionNodeAttributes extends ConvolutionAttributes {
  readonly inputShape?: Shape;
  readonly kernelShape?: Shape;
}

/** The sizes of the convolution that a node computes, itself or a gradient of it. */
function convolutionOf({ operator: { name }, attrs, inputs, outputs }: GraphNode) {
  const given: ConvolutionNodeAttributes = attrs;
  const x = inputs.x?.shape ?? given.inputShape ?? outputs.dx?.shape ?? [];
  const w = inputs.w?.shape ?? given.kernelShape ?? outputs.dw?.shape ?? [];
  return convolutionSizes(name, x, w, given);
}

/** Elements of y and, in training, of the new moving averages. */
function batchNormElements(node: GraphNode, inputs: Operands): ExpectedElement[] {
  const attrs = node.attrs as BatchNormAttributes;
  const extent = batchNormExtent(node.inputs.x?.shape ?? [], inputs.validRows?.[0]);
  return pickIndices("batchNorm/channels", extent.channels, CHANNELS).flatMap((c) => {
    const { y, ...moved } = batchNormChannel(inputs, extent, attrs, c);
    const rows = pickIndices("batchNorm/rows", extent.rows, ROWS);
    return [
      ...rows.map((row) => expected(node, "y", row * extent.channels + c, y(row))),
      ...Object.entries(attrs.training ? moved : {}).map(([role, sum]) => expected(node, role, c, sum)),
    ];
  });
}

/** Elements of dgamma, dbeta and, if it is wanted, dx. */
function batchNormGradientElements(node: GraphNode, inputs: Operands): ExpectedElement[] {
  const attrs = node.attrs as BatchNormAttributes;
  const extent = batchNormExtent(node.inputs.x?.shape ?? [], inputs.validRows?.[0]);
  const { channels } = extent;
  const of = (row: number, c: number) => inputs.statistics?.[row * channels + c] ?? 0;
  return pickIndices("batchNormGradient/channels", channels, CHANNELS).flatMap((c) => {
    const statistics = { mean: of(0, c), invStd: of(1, c), scale: of(2, c), shift: of(3, c) };
    const sums = batchNormGradientChannel(inputs, extent, attrs, statistics, c, 1 / ROUNDING);
    const rows = node.outputs.dx ? pickIndices("batchNormGradient/rows", extent.rows, ROWS) : [];
    return [
      expected(node, "dbeta", c, sums.dbeta),
      expected(node, "dgamma", c, sums.dgamma),
      ...rows.map((row) => expected(node, "dx", row * channels + c, sums.dx(row))),
    ];
  });
}

function expected(node: GraphNode, role: string, index: number, sum: ExactSum): ExpectedElement {
  return { role, index, value: sum.value, allowed: allowedFor(node, role, sum) };
}

function sampled(node: GraphNode, role: string, elements: Elements): ExpectedElement[] {
  const count = elementCount(node.outputs[role]?.shape ?? []);
  const indices = pickIndices(`${node.operator.name}/${role}`, count, SAMPLES);
  return indices.map((index) => expected(node, role, index, elements(index)));
}

/** The first, the last, and some indices between; the same for the same name. */
function pickIndices(name: string, count: number, wanted: number): number[] {
  const stream = new RandomStream(5, name);
  const picked = Array.from({ length: Math.max(0, wanted - 2) }, () => stream.below(count));
  return [...new Set([0, count - 1, ...picked])];
}
