// What a node should compute, for a few elements of its outputs, in double precision and straight from the
// operators' definitions: the check that a candidate passes before it is timed. It shares nothing with the
// kernels, and it is of the very shape that is timed.

import { elementCount, type Shape } from "../base/tensors.ts";
import type { GraphNode } from "../graph/graph.ts";
import {
  type ExactElement,
  type ExactSum,
  type InputValues,
  pickIndices,
  ROUNDING,
  valuesOf,
} from "./exact_sum.ts";
import { expectedBatchNorm, expectedBatchNormGradient } from "./expected_batch_norm.ts";
import { convolutionOf, dataGradientSum, outputValue, weightGradientSum } from "./expected_convolution.ts";

/** One element of an output. */
export interface ExpectedElement {
  readonly role: string;
  readonly index: number;
  readonly value: number;
  /** How far a sum in single precision, stored in the output's type, may be off. */
  readonly allowed: number;
}

const SMALLEST_ALLOWED = 1e-6;
const SAMPLES = 24;

/** Rounding to f16, of a value and of what f16 has no exponent for. */
const HALF_ROUNDING = 2 ** -11;
const SMALLEST_HALF = 2 ** -24;

function allowedFor(node: GraphNode, { role, value, magnitude }: ExactElement): number {
  const ofSum = ROUNDING * magnitude + SMALLEST_ALLOWED;
  if (node.outputs[role]?.dtype !== "f16") return ofSum;
  return ofSum + HALF_ROUNDING * (Math.abs(value) + ofSum) + SMALLEST_HALF;
}

/** Some elements of each output that is checked; undefined where the operator is not known here. */
export function expectedElements(
  node: GraphNode,
  inputs: InputValues,
): readonly ExpectedElement[] | undefined {
  switch (node.operator.name) {
    case "conv2d":
    case "depthwiseConv2d":
    case "dense":
      return sampled(node, "y", outputValue(convolutionOf(node), node, inputs));
    case "conv2dDataGradient":
    case "depthwiseConv2dDataGradient":
    case "denseDataGradient":
      return sampled(node, "dx", dataGradientSum(convolutionOf(node), inputs));
    case "conv2dWeightGradient":
    case "depthwiseConv2dWeightGradient":
    case "denseWeightGradient":
      return sampled(node, "dw", weightGradientSum(convolutionOf(node), inputs));
    case "sumRows":
      return sampled(node, "y", rowSum(node.inputs.x?.shape ?? [], inputs));
    case "batchNorm":
      return expectedBatchNorm(node, inputs).map((element) => withAllowance(node, element));
    case "batchNormGradient":
      return expectedBatchNormGradient(node, inputs).map((element) => withAllowance(node, element));
    default:
      return undefined;
  }
}

function withAllowance(node: GraphNode, element: ExactElement): ExpectedElement {
  const { role, index, value } = element;
  return { role, index, value, allowed: allowedFor(node, element) };
}

function sampled(node: GraphNode, role: string, sum: (index: number) => ExactSum): ExpectedElement[] {
  const count = elementCount(node.outputs[role]?.shape ?? []);
  return pickIndices(`${node.operator.name}/${role}`, count, SAMPLES).map((index) => {
    const { value, magnitude } = sum(index);
    return withAllowance(node, { role, index, value, magnitude });
  });
}

function rowSum(shape: Shape, inputs: InputValues): (index: number) => ExactSum {
  const x = valuesOf(inputs, "x");
  const columns = shape.at(-1) ?? 1;
  return (column) => {
    let [value, magnitude] = [0, 0];
    for (let at = column; at < x.length; at += columns) {
      value += x[at] ?? 0;
      magnitude += Math.abs(x[at] ?? 0);
    }
    return { value, magnitude };
  };
}
