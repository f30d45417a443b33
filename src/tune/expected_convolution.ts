// Single elements of convolutions and of their gradients in double precision. A depthwise convolution is one in as
// many groups as channels, a dense layer one of images of one pixel: the same three sums serve all.

import type { Shape } from "../base/tensors.ts";
import type { GraphNode } from "../graph/graph.ts";
import { type ConvolutionAttrs, type Geometry, geometryOf } from "../ops/conv2d/convolution.ts";
import type { Activation } from "../ops/elementwise/fused_activation.ts";
import { type ExactSum, type InputValues, valuesOf } from "./exact_sum.ts";

/** Attributes that convolutions and their gradients have; dense layers have none. */
interface NodeAttributes extends Partial<ConvolutionAttrs> {
  readonly groups?: number;
  readonly inputShape?: Shape;
  readonly kernelSize?: Shape;
  readonly kernelShape?: Shape;
  readonly activation?: Activation;
  readonly residualScale?: number;
}

/** [N, C] as [N, 1, 1, C]. */
const asImages = (shape: Shape): Shape => (shape.length === 2 ? [shape[0] ?? 1, 1, 1, shape[1] ?? 1] : shape);

/** The sizes of the convolution that a node computes, or a gradient of. */
export function convolutionOf({ operator: { name }, attrs, inputs, outputs }: GraphNode): Geometry {
  const given: NodeAttributes = attrs;
  const { strides = [1, 1], padding = "valid", dilations = [1, 1] } = given;
  const x = asImages(inputs.x?.shape ?? given.inputShape ?? outputs.dx?.shape ?? []);
  const w = inputs.w?.shape ?? given.kernelShape ?? outputs.dw?.shape ?? [];
  const kernel = w.length === 2 ? [1, 1, ...w] : w;
  const [R = 1, S = 1, ofW = 1, last = 1] = kernel;
  const isDepthwise = name.startsWith("depthwise");
  const groups = isDepthwise ? (x[3] ?? 1) : (given.groups ?? 1);
  const K = isDepthwise ? ofW * last : last;
  return geometryOf(name, x, { R, S, K, groups }, { strides, padding, dilations });
}

/** An element of y, bias, batch norm, residual sum and activation included. */
export function outputValue(
  g: Geometry,
  { attrs }: Pick<GraphNode, "attrs">,
  inputs: InputValues,
): (index: number) => ExactSum {
  const { activation = "none", residualScale = 1 }: NodeAttributes = attrs;
  const [x, w] = [valuesOf(inputs, "x"), valuesOf(inputs, "w")];
  const [groupC, groupK] = [g.C / g.groups, g.K / g.groups];
  return (index) => {
    const [k, q, p, n] = placeOf(index, [g.K, g.Q, g.P]);
    const firstChannel = Math.floor(k / groupK) * groupC;
    const sum = new Terms();
    for (let r = 0; r < g.R; r++) {
      for (let s = 0; s < g.S; s++) {
        const pixel = inputPixel(g, n, p, q, r, s);
        if (pixel < 0) continue;
        for (let c = 0; c < groupC; c++) {
          sum.add(x[pixel * g.C + firstChannel + c], w[((r * g.S + s) * groupC + c) * g.K + k]);
        }
      }
    }
    if (inputs.b) sum.add(inputs.b[k], 1);
    if (inputs.statistics) {
      sum.scale(inputs.statistics[2 * g.K + k] ?? 0);
      sum.add(inputs.statistics[3 * g.K + k], 1);
    }
    if (inputs.addend) {
      sum.scale(residualScale);
      sum.add(inputs.addend[index], 1);
    }
    return { value: activate(sum.value, activation), magnitude: sum.magnitude };
  };
}

/** An element of dx. */
export function dataGradientSum(g: Geometry, inputs: InputValues): (index: number) => ExactSum {
  const [dy, w] = [valuesOf(inputs, "dy"), valuesOf(inputs, "w")];
  const [groupC, groupK] = [g.C / g.groups, g.K / g.groups];
  return (index) => {
    const [c, column, row, n] = placeOf(index, [g.C, g.W, g.H]);
    const firstOutput = Math.floor(c / groupC) * groupK;
    const sum = new Terms();
    for (let r = 0; r < g.R; r++) {
      for (let s = 0; s < g.S; s++) {
        const p = (row + g.top - r * g.dilations[0]) / g.strides[0];
        const q = (column + g.left - s * g.dilations[1]) / g.strides[1];
        if (!Number.isInteger(p) || !Number.isInteger(q) || p < 0 || p >= g.P || q < 0 || q >= g.Q) continue;
        const pixel = ((n * g.P + p) * g.Q + q) * g.K;
        const tap = ((r * g.S + s) * groupC + (c % groupC)) * g.K;
        for (let k = firstOutput; k < firstOutput + groupK; k++) sum.add(dy[pixel + k], w[tap + k]);
      }
    }
    return sum;
  };
}

/** An element of dw. */
export function weightGradientSum(g: Geometry, inputs: InputValues): (index: number) => ExactSum {
  const [x, dy] = [valuesOf(inputs, "x"), valuesOf(inputs, "dy")];
  const [groupC, groupK] = [g.C / g.groups, g.K / g.groups];
  return (index) => {
    const [k, c, s, r] = placeOf(index, [g.K, groupC, g.S]);
    const channel = Math.floor(k / groupK) * groupC + c;
    const sum = new Terms();
    for (let n = 0; n < g.N; n++) {
      for (let p = 0; p < g.P; p++) {
        for (let q = 0; q < g.Q; q++) {
          const pixel = inputPixel(g, n, p, q, r, s);
          if (pixel >= 0) sum.add(x[pixel * g.C + channel], dy[((n * g.P + p) * g.Q + q) * g.K + k]);
        }
      }
    }
    return sum;
  };
}

/** Adds products up, and their magnitudes. */
class Terms implements ExactSum {
  value = 0;
  magnitude = 0;

  add(a = 0, b = 0): void {
    this.value += a * b;
    this.magnitude += Math.abs(a * b);
  }

  scale(factor: number): void {
    this.value *= factor;
    this.magnitude *= Math.abs(factor);
  }
}

/** A flat index by axis, innermost first; the last number is what remains for the outermost axis. */
function placeOf(index: number, sizes: readonly [number, number, number]): [number, number, number, number] {
  const [a, b, c] = sizes;
  return [
    index % a,
    Math.floor(index / a) % b,
    Math.floor(index / (a * b)) % c,
    Math.floor(index / (a * b * c)),
  ];
}

/** The pixel that a tap of a window reads, counted through all images; -1 outside. */
function inputPixel(g: Geometry, n: number, p: number, q: number, r: number, s: number): number {
  const row = p * g.strides[0] - g.top + r * g.dilations[0];
  const column = q * g.strides[1] - g.left + s * g.dilations[1];
  if (row < 0 || row >= g.H || column < 0 || column >= g.W) return -1;
  return (n * g.H + row) * g.W + column;
}

/** An activation that convolution and batch norm can fuse. */
export function activate(value: number, activation: Activation): number {
  if (activation === "none") return value;
  return activation === "relu" ? Math.max(0, value) : Math.min(6, Math.max(0, value));
}
