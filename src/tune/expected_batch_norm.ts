// Channels of batch norm in training and of its gradients in double precision.

import { elementCount } from "../base/tensors.ts";
import type { GraphNode } from "../graph/graph.ts";
import type { Activation } from "../ops/elementwise/fused_activation.ts";
import { type ExactElement, type InputValues, pickIndices, ROUNDING, valuesOf } from "./exact_sum.ts";
import { activate } from "./expected_convolution.ts";

interface NodeAttributes {
  readonly training?: boolean;
  readonly epsilon?: number;
  readonly momentum?: number;
  readonly activation?: Activation;
}

const CHANNELS = 4;
const ROWS = 6;

/** Rows and channels of x, and how many rows count. */
function extentOf({ inputs }: GraphNode, values: InputValues) {
  const shape = inputs.x?.shape ?? [];
  const channels = shape.at(-1) ?? 1;
  const rows = elementCount(shape.slice(0, -1));
  const images = shape[0] ?? 1;
  return { channels, rows, valid: (rows / images) * (values.validRows?.[0] ?? images) };
}

/** Elements of y and of the new moving averages. */
export function expectedBatchNorm(node: GraphNode, inputs: InputValues): ExactElement[] {
  const { epsilon = 0, momentum = 0, activation = "none" }: NodeAttributes = node.attrs;
  const { channels, rows, valid } = extentOf(node, inputs);
  const x = valuesOf(inputs, "x");
  return pickIndices("batchNorm/channels", channels, CHANNELS).flatMap((c) => {
    const at = (row: number) => x[row * channels + c] ?? 0;
    let [mean, variance] = [0, 0];
    for (let row = 0; row < valid; row++) mean += at(row) / valid;
    for (let row = 0; row < valid; row++) variance += (at(row) - mean) ** 2 / valid;
    const scale = (inputs.gamma?.[c] ?? 1) / Math.sqrt(variance + epsilon);
    const beta = inputs.beta?.[c] ?? 0;
    const elements = pickIndices("batchNorm/rows", rows, ROWS).map((row): ExactElement => {
      const value = activate((at(row) - mean) * scale + beta, activation);
      const magnitude = (Math.abs(at(row)) + Math.abs(mean)) * Math.abs(scale) + Math.abs(beta);
      return { role: "y", index: row * channels + c, value, magnitude };
    });
    const moved = (role: string, old: number, batch: number): ExactElement => {
      const value = momentum * old + (1 - momentum) * batch;
      return { role, index: c, value, magnitude: Math.abs(old) + Math.abs(batch) };
    };
    const before = (role: string) => inputs[role]?.[c] ?? 0;
    elements.push(moved("newMovingMean", before("movingMean"), mean));
    elements.push(moved("newMovingVariance", before("movingVariance"), variance));
    return elements;
  });
}

/** Where rounding may decide on which side of a kink a value lies; such a value may be off by all of itself. */
const KINK_WIDTH = 1e-5;

/** Elements of dgamma, dbeta and, where it is wanted, dx. */
export function expectedBatchNormGradient(node: GraphNode, inputs: InputValues): ExactElement[] {
  const { training = false, activation = "none" }: NodeAttributes = node.attrs;
  const { channels, rows, valid } = extentOf(node, inputs);
  const [x, dy, statistics] = [valuesOf(inputs, "x"), valuesOf(inputs, "dy"), valuesOf(inputs, "statistics")];
  return pickIndices("batchNormGradient/channels", channels, CHANNELS).flatMap((c) => {
    const [mean = 0, invStd = 0, scale = 0, shift = 0] = [0, 1, 2, 3].map(
      (i) => statistics[i * channels + c],
    );
    const rowAt = (row: number) => {
      const v = x[row * channels + c] ?? 0;
      const before = v * scale + shift;
      const passes = activation === "none" || (before > 0 && (activation === "relu" || before < 6));
      const isClose = Math.abs(before) < KINK_WIDTH || Math.abs(before - 6) < KINK_WIDTH;
      const upstream = dy[row * channels + c] ?? 0;
      const doubt = activation !== "none" && isClose ? Math.abs(upstream) / ROUNDING : 0;
      return { g: passes ? upstream : 0, normal: (v - mean) * invStd, doubt };
    };
    let [dbeta, dgamma, ofBeta, ofGamma] = [0, 0, 0, 0];
    for (let row = 0; row < valid; row++) {
      const { g, normal, doubt } = rowAt(row);
      dbeta += g;
      dgamma += g * normal;
      ofBeta += Math.abs(g) + doubt;
      ofGamma += Math.abs(g * normal) + doubt * Math.abs(normal);
    }
    const elements: ExactElement[] = [
      { role: "dbeta", index: c, value: dbeta, magnitude: ofBeta },
      { role: "dgamma", index: c, value: dgamma, magnitude: ofGamma },
    ];
    if (!node.outputs.dx) return elements;
    const share = training ? 1 / Math.max(1, valid) : 0;
    for (const row of pickIndices("batchNormGradient/rows", rows, ROWS)) {
      const { g, normal, doubt } = rowAt(row);
      const value = row < valid ? scale * (g - share * (dbeta + normal * dgamma)) : 0;
      const terms = Math.abs(g) + doubt + share * (ofBeta + Math.abs(normal) * ofGamma);
      elements.push({ role: "dx", index: row * channels + c, value, magnitude: Math.abs(scale) * terms });
    }
    return elements;
  });
}
