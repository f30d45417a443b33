// Single elements of convolutions and of their gradients, summed up in float64: a check of the very form that is
// timed, whatever its size. x [N,H,W,C], w [R,S,C,K] or, depthwise, [R,S,C,1], y [N,P,Q,K]; dense layers are
// convolutions of images of one pixel.

import { RandomStream } from "../src/base/random.ts";
import { elementCount, type Shape, shapeText } from "../src/base/tensors.ts";
import type { Padding } from "../src/graph/attributes.ts";
import { type NamedValues, the, type Values } from "../test/reference/reference.ts";
import type { OperatorForm } from "./bench_case.ts";

/** Sizes of a convolution, and where its windows begin. */
interface Windows {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly y: readonly number[];
  readonly strides: readonly number[];
  readonly before: readonly number[];
  readonly isDepthwise: boolean;
}

/** How many elements of a tensor are summed up. */
const SAMPLES = 48;

/** Padding before the first row or column, as TensorFlow's "same" has it. */
function paddingBefore(padding: Padding, axis: 0 | 1, size: number, kernel: number, stride: number): number {
  if (padding === "valid") return 0;
  if (padding !== "same") return padding[axis][0];
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel - size);
  return Math.floor(total / 2);
}

/** [N, C] as [N, 1, 1, C], [C, K] as [1, 1, C, K]. */
const imageShape = (shape: Shape) => (shape.length === 2 ? [shape[0]!, 1, 1, shape[1]!] : [...shape]);
const kernelShape = (shape: Shape) => (shape.length === 2 ? [1, 1, ...shape] : [...shape]);

function windowsOf({ attrs, inputs }: OperatorForm, y: Shape, isDepthwise: boolean): Windows {
  const x = imageShape(inputs.x?.shape ?? []);
  const w = kernelShape(inputs.w?.shape ?? []);
  const strides = (attrs.strides as readonly number[] | undefined) ?? [1, 1];
  const padding = (attrs.padding as Padding | undefined) ?? "valid";
  const before = ([0, 1] as const).map((axis) =>
    paddingBefore(padding, axis, x[axis + 1]!, w[axis]!, strides[axis]!),
  );
  return { x, w, y: imageShape(y), strides, before, isDepthwise };
}

/** Numbers of a flat index along each axis. */
function placeOf(index: number, shape: readonly number[]): number[] {
  let rest = index;
  return [...shape]
    .reverse()
    .map((size) => {
      const at = rest % size;
      rest = (rest - at) / size;
      return at;
    })
    .reverse();
}

const flat = (place: readonly number[], shape: readonly number[]) =>
  place.reduce((index, at, axis) => index * shape[axis]! + at, 0);

const isInside = (place: readonly number[], shape: readonly number[]) =>
  place.every((at, axis) => at >= 0 && at < shape[axis]!);

/** Channels of w's last two axes that meet: all pairs, or a channel with itself. */
function kernelIndex({ w, isDepthwise }: Windows, r: number, s: number, c: number, k: number): number {
  return flat([r, s, c, isDepthwise ? 0 : k], w);
}

function outputSum(g: Windows, x: Values, w: Values, b: Values | undefined, index: number): number {
  const [n = 0, p = 0, q = 0, k = 0] = placeOf(index, g.y);
  const [R = 0, S = 0, C = 0] = g.w;
  let sum = b?.data[k] ?? 0;
  for (let r = 0; r < R; r++) {
    for (let s = 0; s < S; s++) {
      const pixel = [n, p * g.strides[0]! - g.before[0]! + r, q * g.strides[1]! - g.before[1]! + s, 0];
      if (!isInside(pixel, g.x)) continue;
      const first = flat(pixel, g.x);
      if (g.isDepthwise) sum += x.data[first + k]! * w.data[kernelIndex(g, r, s, k, 0)]!;
      else for (let c = 0; c < C; c++) sum += x.data[first + c]! * w.data[kernelIndex(g, r, s, c, k)]!;
    }
  }
  return sum;
}

function dataGradientSum(g: Windows, dy: Values, w: Values, index: number): number {
  const [n = 0, h = 0, column = 0, c = 0] = placeOf(index, g.x);
  const [R = 0, S = 0] = g.w;
  const K = g.y[3] ?? 0;
  let sum = 0;
  for (let r = 0; r < R; r++) {
    for (let s = 0; s < S; s++) {
      const [p, q] = [(h + g.before[0]! - r) / g.strides[0]!, (column + g.before[1]! - s) / g.strides[1]!];
      const pixel = [n, p, q, 0];
      if (!Number.isInteger(p) || !Number.isInteger(q) || !isInside(pixel, g.y)) continue;
      const first = flat(pixel, g.y);
      if (g.isDepthwise) sum += dy.data[first + c]! * w.data[kernelIndex(g, r, s, c, 0)]!;
      else for (let k = 0; k < K; k++) sum += dy.data[first + k]! * w.data[kernelIndex(g, r, s, c, k)]!;
    }
  }
  return sum;
}

function weightGradientSum(g: Windows, x: Values, dy: Values, index: number): number {
  const [r = 0, s = 0, c = 0, last = 0] = placeOf(index, g.w);
  const k = g.isDepthwise ? c : last;
  const [N = 0, P = 0, Q = 0] = g.y;
  let sum = 0;
  for (let n = 0; n < N; n++) {
    for (let p = 0; p < P; p++) {
      for (let q = 0; q < Q; q++) {
        const place = [n, p * g.strides[0]! - g.before[0]! + r, q * g.strides[1]! - g.before[1]! + s, c];
        if (isInside(place, g.x)) sum += x.data[flat(place, g.x)]! * dy.data[flat([n, p, q, k], g.y)]!;
      }
    }
  }
  return sum;
}

/** Elements that are compared: the first, the last, and some between. */
function sampledIndices(name: string, count: number): number[] {
  const stream = new RandomStream(9, name);
  return [0, count - 1, ...Array.from({ length: SAMPLES }, () => stream.below(count))];
}

/** Sampled elements of an output or gradient: what came and what should have come. */
export interface SampledElements {
  readonly got: Values;
  readonly want: Values;
  /** Where the elements lie. */
  readonly places: readonly string[];
}

/**
 * Samples `y`, `dx`, `dw` or `db` of a convolution, depthwise convolution or dense layer.
 * @param values what the kernels computed
 * @param tensors the form's inputs, and `dy` for gradients
 * @param y the shape of the output
 */
export function sampleConvolution(
  form: OperatorForm,
  role: string,
  values: Float32Array,
  tensors: NamedValues,
  y: Shape,
  isDepthwise: boolean,
): SampledElements {
  const g = windowsOf(form, y, isDepthwise);
  const shape = { y: g.y, dx: g.x, dw: g.w, db: g.y.slice(3) }[role];
  if (!shape) throw new Error(`no sums for ${role}`);
  const sum = (index: number): number => {
    if (role === "y") return outputSum(g, the(tensors, "x"), the(tensors, "w"), tensors.b, index);
    const dy = the(tensors, "dy");
    if (role === "dx") return dataGradientSum(g, dy, the(tensors, "w"), index);
    if (role === "dw") return weightGradientSum(g, the(tensors, "x"), dy, index);
    return dy.data.reduce((total, value, i) => total + (i % g.y[3]! === index ? value : 0), 0);
  };
  const indices = sampledIndices(role, elementCount(shape));
  const list = (data: readonly number[]): Values => ({ shape: [data.length], data: Float64Array.from(data) });
  return {
    got: list(indices.map((index) => values[index] ?? Number.NaN)),
    want: list(indices.map(sum)),
    places: indices.map((index) => shapeText(placeOf(index, shape))),
  };
}
