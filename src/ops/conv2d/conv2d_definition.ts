// conv2d, depthwiseConv2d and dense in float64, in all three directions:
//   y[n,p,q,k] = b[k] + Σ x[n, p·stride - top + r·dilation, …, g·C/groups + c] · w[r,s,c,k], g the group of k
// x NHWC, w HWIO [R, S, C/groups, K]. A depthwise convolution is a convolution with as many groups as channels (w
// [R, S, C, M]); a dense layer is a convolution of one-pixel images (x [N, C], w [C, K]). The same three sums serve all.

import type { Shape } from "../../base/tensors.ts";
import {
  type Definition,
  type Elements,
  type ExactSum,
  type Operands,
  operand,
  operandsOf,
  the,
  whole,
} from "../common/definition.ts";
import { type Padding, type Pair, windowOf } from "../common/window_definition.ts";
import { activated } from "../elementwise/activations_definition.ts";
import type { Activation } from "../elementwise/fused_activation.ts";
import { columnSums } from "../reduce/column_sums_definition.ts";
import type { Geometry } from "./convolution.ts";

/** The attributes of convolutions; dense layers have none of them. */
export interface ConvolutionAttributes {
  readonly strides?: Pair;
  readonly padding?: Padding;
  readonly dilations?: Pair;
  readonly groups?: number;
  readonly activation?: Activation;
  readonly residualScale?: number;
}

/** The sizes of a convolution, from the operator's shapes. */
export function convolutionSizes(op: string, x: Shape, w: Shape, attrs: ConvolutionAttributes): Geometry {
  const { strides = [1, 1], padding = "valid", dilations = [1, 1] } = attrs;
  const [N = 1, H = 1, W = 1, C = 1] = x.length === 2 ? [x[0] ?? 1, 1, 1, x[1] ?? 1] : x;
  const [R = 1, S = 1, ofW = 1, last = 1] = w.length === 2 ? [1, 1, ...w] : w;
  const isDepthwise = op.startsWith("depthwise");
  const groups = isDepthwise ? C : (attrs.groups ?? 1);
  const K = isDepthwise ? ofW * last : last;
  const windows = windowOf([H, W], [R, S], strides, dilations, padding);
  return { N, H, W, C, R, S, K, groups, ...windows, strides, dilations };
}

/** y, including bias, batch norm, residual sum and activation. */
export function convolutionOutput(g: Geometry, inputs: Operands, attrs: ConvolutionAttributes): Elements {
  const { activation = "none", residualScale = 1 } = attrs;
  const [x, w] = [operand(inputs, "x"), operand(inputs, "w")];
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
    return { value: activated(sum.value, activation), magnitude: sum.magnitude };
  };
}

/** dx. */
export function convolutionDataGradient(g: Geometry, inputs: Operands): Elements {
  const [dy, w] = [operand(inputs, "dy"), operand(inputs, "w")];
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

/** dw. */
export function convolutionWeightGradient(g: Geometry, inputs: Operands): Elements {
  const [x, dy] = [operand(inputs, "x"), operand(inputs, "dy")];
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

/** Adds up products, and their magnitudes. */
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

function definitionOf(op: string): Definition {
  return {
    forward(inputs, attrs: ConvolutionAttributes) {
      const [x, w] = [the(inputs, "x").shape, the(inputs, "w").shape];
      const g = convolutionSizes(op, x, w, attrs);
      const shape = x.length === 2 ? [g.N, g.K] : [g.N, g.P, g.Q, g.K];
      return { y: whole(shape, convolutionOutput(g, operandsOf(inputs), attrs)) };
    },
    gradient(inputs, attrs: ConvolutionAttributes, dOutputs) {
      if (inputs.statistics || inputs.addend || (attrs.activation ?? "none") !== "none") {
        throw new Error(`${op}: the gradient is defined without batch norm, residual sum and activation`);
      }
      const [x, w] = [the(inputs, "x").shape, the(inputs, "w").shape];
      const g = convolutionSizes(op, x, w, attrs);
      const operands = operandsOf({ ...inputs, dy: the(dOutputs, "dy") });
      return {
        dx: whole(x, convolutionDataGradient(g, operands)),
        dw: whole(w, convolutionWeightGradient(g, operands)),
        ...(inputs.b && { db: whole([g.K], columnSums(operand(operands, "dy"), g.K)) }),
      };
    },
  };
}

export const conv2dDefinition = definitionOf("conv2d");
export const depthwiseConv2dDefinition = definitionOf("depthwiseConv2d");
export const denseDefinition = definitionOf("dense");
