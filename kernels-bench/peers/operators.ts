// Operator cases for peers: their tensors, and some elements of the right result in float64.

import { RandomStream } from "../../src/base/random.ts";
import { elementCount, type Shape } from "../../src/base/tensors.ts";
import type { Padding } from "../../src/graph/attributes.ts";
import {
  convolutionDataGradient,
  convolutionOutput,
  convolutionSizes,
  convolutionWeightGradient,
} from "../../src/ops/conv2d/conv2d_definition.ts";
import type { OperatorCase, Pass } from "../cases/bench_case.ts";

/** An operator of cases/shapes.json in one direction. Images are [N,H,W,C]. */
export interface OperatorWork {
  readonly kind: "operator";
  readonly op: "conv2d" | "depthwiseConv2d" | "maxPool2d" | "avgPool2d";
  /** Pools have `gradient`, the one by x. */
  readonly pass: Pass;
  readonly x: Shape;
  /** Convolutions: [R,S,C,K]; depthwise [R,S,C,1]. */
  readonly w?: Shape;
  /** Pools: the window. */
  readonly size?: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
}

const OPERATORS: readonly string[] = ["conv2d", "depthwiseConv2d", "maxPool2d", "avgPool2d"];

/** A case of the bench in one direction as work for peers; undefined if peers cannot compute it. */
export function operatorWork({ op, real }: OperatorCase, pass: Pass): OperatorWork | undefined {
  if (!OPERATORS.includes(op)) return undefined;
  const { x, w } = real.inputs;
  const { size, strides, padding } = real.attrs;
  const sizes = {
    x: x?.shape,
    strides,
    padding,
    ...(w && { w: w.shape }),
    ...(size !== undefined && { size }),
  };
  return { kind: "operator", op, pass, ...sizes } as OperatorWork;
}

/** A work with all sizes known. */
export interface Geometry {
  readonly work: OperatorWork;
  readonly x: Shape;
  /** [R,S,C,K]; pools have [R,S,C,1]. */
  readonly w: Shape;
  /** The forward result's shape. */
  readonly y: Shape;
  /** [[top, bottom], [left, right]] */
  readonly pads: readonly [readonly [number, number], readonly [number, number]];
}

export function geometryOf(work: OperatorWork): Geometry {
  const [n = 0, h = 0, width = 0, c = 0] = work.x;
  const w = work.w ?? [...(work.size ?? []), c, 1];
  const [r = 0, s = 0, , k = 0] = w;
  const [strideY, strideX] = work.strides;
  const pads = [padsOf(work.padding, 0, h, r, strideY), padsOf(work.padding, 1, width, s, strideX)] as const;
  const sizeOf = (size: number, window: number, stride: number, [before, after]: readonly [number, number]) =>
    Math.floor((size + before + after - window) / stride) + 1;
  const channels = work.op === "conv2d" ? k : c;
  const y = [n, sizeOf(h, r, strideY, pads[0]), sizeOf(width, s, strideX, pads[1]), channels];
  return { work, x: work.x, w, y, pads };
}

function padsOf(padding: Padding, axis: number, size: number, window: number, stride: number) {
  if (padding === "valid") return [0, 0] as const;
  if (padding !== "same") return padding[axis] ?? ([0, 0] as const);
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + window - size);
  const before = Math.floor(total / 2);
  return [before, total - before] as const;
}

/** The tensors that the work reads, seeded. */
export interface OperatorTensors {
  readonly x: Float32Array;
  readonly w: Float32Array;
  readonly dy: Float32Array;
}

export function operatorTensors({ x, w, y }: Geometry): OperatorTensors {
  const draw = (name: string, shape: Shape) => {
    const stream = new RandomStream(1, name);
    return Float32Array.from({ length: elementCount(shape) }, () => stream.between(-1, 1));
  };
  return { x: draw("x", x), w: draw("w", w), dy: draw("dy", y) };
}

/** The shape of the work's result. */
export function resultShape({ work, x, w, y }: Geometry): Shape {
  return { forward: y, dataGradient: x, gradient: x, weightGradient: w }[work.pass];
}

/** An element of the result by its index in memory. */
export interface Sample {
  readonly index: number;
  readonly value: number;
}

/** Some elements of the right result: the first, the last, and others drawn by seed. */
export function sampleResult(geometry: Geometry, tensors: OperatorTensors, count = 48): Sample[] {
  const elements = elementCount(resultShape(geometry));
  const stream = new RandomStream(2, "samples");
  const indices = [0, elements - 1, ...Array.from({ length: count - 2 }, () => stream.below(elements))];
  const { op } = geometry.work;
  const isPool = op === "maxPool2d" || op === "avgPool2d";
  const element = isPool
    ? (index: number) => poolElement(geometry, tensors.x, tensors.dy, index)
    : convolutionElements(geometry, tensors);
  return indices.map((index) => ({ index, value: element(index) }));
}

const split = (index: number, [, b = 1, c = 1, d = 1]: Shape) =>
  [
    Math.floor(index / (b * c * d)),
    Math.floor(index / (c * d)) % b,
    Math.floor(index / d) % c,
    index % d,
  ] as const;

const at = (
  values: Float32Array,
  [, b = 1, c = 1, d = 1]: Shape,
  i: number,
  j: number,
  k: number,
  l: number,
) => values[((i * b + j) * c + k) * d + l] ?? 0;

/** Calls back for each tap of the window at (p, q) that lies on the image. */
function eachTap(
  { work, x, w, pads }: Geometry,
  p: number,
  q: number,
  use: (r: number, s: number, row: number, column: number) => void,
): void {
  const [, height = 0, width = 0] = x;
  const [rows = 0, columns = 0] = w;
  for (let r = 0; r < rows; r++) {
    const row = p * work.strides[0] + r - pads[0][0];
    if (row < 0 || row >= height) continue;
    for (let s = 0; s < columns; s++) {
      const column = q * work.strides[1] + s - pads[1][0];
      if (column >= 0 && column < width) use(r, s, row, column);
    }
  }
}

/** Elements of a convolution or of a gradient, as the tuner checks them. */
function convolutionElements({ work, x, w }: Geometry, tensors: OperatorTensors): (index: number) => number {
  const { op, pass, strides, padding } = work;
  const g = convolutionSizes(op, x, w, { strides, padding });
  const operands = { x: tensors.x, w: tensors.w, dy: tensors.dy };
  const elements =
    pass === "forward"
      ? convolutionOutput(g, operands, {})
      : pass === "weightGradient"
        ? convolutionWeightGradient(g, operands)
        : convolutionDataGradient(g, operands);
  return (index) => elements(index).value;
}

/** The result's pixels whose window contains a position of the image. */
function eachPixelNear(
  { work, w, y, pads }: Geometry,
  row: number,
  column: number,
  use: (p: number, q: number) => void,
): void {
  const range = (place: number, axis: 0 | 1) => {
    const shifted = place + pads[axis][0];
    const stride = work.strides[axis];
    const first = Math.max(0, Math.ceil((shifted - (w[axis] ?? 1) + 1) / stride));
    return [first, Math.min((y[axis + 1] ?? 0) - 1, Math.floor(shifted / stride))] as const;
  };
  const [top, bottom] = range(row, 0);
  const [left, right] = range(column, 1);
  for (let p = top; p <= bottom; p++) for (let q = left; q <= right; q++) use(p, q);
}

/** The result of a pool's window, and the positions of the image that its gradient goes to. */
function windowOf(geometry: Geometry, x: Float32Array, n: number, p: number, q: number, c: number) {
  let count = 0;
  let sum = 0;
  let largest = { value: Number.NEGATIVE_INFINITY, row: -1, column: -1 };
  eachTap(geometry, p, q, (_r, _s, row, column) => {
    const value = at(x, geometry.x, n, row, column, c);
    count++;
    sum += value;
    if (value > largest.value) largest = { value, row, column };
  });
  return { count, mean: sum / count, largest };
}

function poolElement(geometry: Geometry, x: Float32Array, dy: Float32Array, index: number): number {
  const isMax = geometry.work.op === "maxPool2d";
  if (geometry.work.pass === "forward") {
    const [n, p, q, c] = split(index, geometry.y);
    const { mean, largest } = windowOf(geometry, x, n, p, q, c);
    return isMax ? largest.value : mean;
  }
  const [n, row, column, c] = split(index, geometry.x);
  let sum = 0;
  eachPixelNear(geometry, row, column, (p, q) => {
    const { count, largest } = windowOf(geometry, x, n, p, q, c);
    const incoming = at(dy, geometry.y, n, p, q, c);
    if (!isMax) sum += incoming / count;
    else if (largest.row === row && largest.column === column) sum += incoming;
  });
  return sum;
}
