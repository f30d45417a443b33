// Executes an ONNX graph in float64, operator by operator as https://onnx.ai/onnx/operators/ defines them
// (opset 17), for those that weft writes. Written for clearness and small networks.

import { strict as assert } from "node:assert";
import { binary, Call, count, empty, gathered, type OnnxValue, unary } from "./onnx_values.ts";
import type { WireModel } from "./onnx_wire.ts";

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

/** Calls back for every output place of windows over [N,C,H,W] with the row and column of each tap. */
function windows(
  call: Call,
  x: OnnxValue,
  kernel: readonly number[],
  visit: (place: { n: number; p: number; q: number; taps: readonly Tap[] }) => void,
): readonly [number, number] {
  const [N = 0, , H = 0, W = 0] = x.shape;
  const [R = 0, S = 0] = kernel;
  const [strideH = 1, strideW = 1] = call.ints("strides", [1, 1]);
  const [dilationH = 1, dilationW = 1] = call.ints("dilations", [1, 1]);
  const [top = 0, left = 0, bottom = 0, right = 0] = call.ints("pads", [0, 0, 0, 0]);
  const P = Math.floor((H + top + bottom - (R - 1) * dilationH - 1) / strideH) + 1;
  const Q = Math.floor((W + left + right - (S - 1) * dilationW - 1) / strideW) + 1;
  for (let n = 0; n < N; n++) {
    for (let p = 0; p < P; p++) {
      for (let q = 0; q < Q; q++) {
        const taps: Tap[] = [];
        for (let tap = 0; tap < R * S; tap++) {
          const h = p * strideH - top + Math.floor(tap / S) * dilationH;
          const w = q * strideW - left + (tap % S) * dilationW;
          if (h >= 0 && h < H && w >= 0 && w < W) taps.push({ tap, pixel: h * W + w });
        }
        visit({ n, p, q, taps });
      }
    }
  }
  return [P, Q];
}

/** A tap of a window inside the image: its place in the kernel, and the pixel h · W + w. */
interface Tap {
  readonly tap: number;
  readonly pixel: number;
}

function conv(call: Call): OnnxValue {
  const [x, w, b] = [call.input(0), call.input(1), call.inputs[2]];
  const [N = 0, C = 0, H = 0, W = 0] = x.shape;
  const [K = 0, perGroup = 0, R = 0, S = 0] = w.shape;
  const groups = call.int("group", 1);
  assert.equal(perGroup * groups, C);
  assert.deepEqual(call.ints("kernel_shape", [R, S]), [R, S]);
  const results: [number, number, number, number[]][] = [];
  const [P, Q] = windows(call, x, [R, S], ({ n, p, q, taps }) => {
    const sums = Array.from({ length: K }, (_, k) => {
      const first = Math.floor(k / (K / groups)) * perGroup;
      let sum = b?.data[k] ?? 0;
      for (let c = 0; c < perGroup; c++) {
        const image = (n * C + first + c) * H * W;
        const kernel = (k * perGroup + c) * R * S;
        for (const { tap, pixel } of taps) {
          sum += (x.data[image + pixel] ?? 0) * (w.data[kernel + tap] ?? 0);
        }
      }
      return sum;
    });
    results.push([n, p, q, sums]);
  });
  const y = empty([N, K, P, Q]);
  for (const [n, p, q, sums] of results) {
    for (const [k, sum] of sums.entries()) y.data[((n * K + k) * P + p) * Q + q] = sum;
  }
  return y;
}

function pool(call: Call, reduce: (values: number[], places: number) => number): OnnxValue {
  const x = call.input(0);
  const [N = 0, C = 0, H = 0, W = 0] = x.shape;
  const kernel = call.ints("kernel_shape", []);
  assert.equal(kernel.length, 2);
  const results: [number, number, number, number[]][] = [];
  const [P, Q] = windows(call, x, kernel, ({ n, p, q, taps }) => {
    const perChannel = Array.from({ length: C }, (_, c) => {
      const values = taps.map(({ pixel }) => x.data[(n * C + c) * H * W + pixel] ?? 0);
      return reduce(values, count(kernel));
    });
    results.push([n, p, q, perChannel]);
  });
  const y = empty([N, C, P, Q]);
  for (const [n, p, q, values] of results) {
    for (const [c, value] of values.entries()) y.data[((n * C + c) * P + p) * Q + q] = value;
  }
  return y;
}

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

function globalPool(x: OnnxValue, reduce: (values: Float64Array) => number): OnnxValue {
  const [N = 0, C = 0, ...space] = x.shape;
  const pixels = count(space);
  const data = Float64Array.from({ length: N * C }, (_, i) =>
    reduce(x.data.subarray(i * pixels, (i + 1) * pixels)),
  );
  return { shape: [N, C, ...space.map(() => 1)], data };
}

function batchNormalization(call: Call): OnnxValue {
  const [x, ...vectors] = call.inputs;
  assert.ok(x && vectors.length === 4);
  const epsilon = call.int("epsilon", 1e-5);
  const [, C = 0, ...space] = x.shape;
  const pixels = count(space);
  const [scale, offset, mean, variance] = vectors.map(({ data }) => data);
  return {
    shape: x.shape,
    data: x.data.map((value, i) => {
      const c = Math.floor(i / pixels) % C;
      const of = (vector: Float64Array | undefined) => vector?.[c] ?? Number.NaN;
      return ((value - of(mean)) / Math.sqrt(of(variance) + epsilon)) * of(scale) + of(offset);
    }),
  };
}

function gemm(call: Call): OnnxValue {
  const [a, b, c] = [call.input(0), call.input(1), call.inputs[2]];
  const [N = 0, inner = 0] = a.shape;
  const [rows = 0, columns = 0] = b.shape;
  assert.equal(inner, rows);
  const y = empty([N, columns]);
  for (let i = 0; i < y.data.length; i++) {
    const [n, k] = [Math.floor(i / columns), i % columns];
    let total = c?.data[k] ?? 0;
    for (let j = 0; j < inner; j++) total += (a.data[n * inner + j] ?? 0) * (b.data[j * columns + k] ?? 0);
    y.data[i] = total;
  }
  return y;
}

function concat(call: Call): OnnxValue {
  const parts = call.inputs;
  const first = call.input(0);
  const axis = call.int("axis", 0);
  const sizes = parts.map(({ shape }) => shape[axis] ?? 0);
  for (const { shape } of parts) assert.deepEqual(shape.with(axis, 0), first.shape.with(axis, 0));
  const inner = count(first.shape.slice(axis + 1));
  const shape = first.shape.with(axis, sum(sizes));
  const data: number[] = [];
  for (let outer = 0; outer < count(first.shape.slice(0, axis)); outer++) {
    for (const [i, part] of parts.entries()) {
      const length = (sizes[i] ?? 0) * inner;
      data.push(...part.data.subarray(outer * length, (outer + 1) * length));
    }
  }
  return { shape, data: Float64Array.from(data) };
}

function softmax(call: Call): OnnxValue {
  const x = call.input(0);
  const axis = call.int("axis", -1);
  const along = axis < 0 ? axis + x.shape.length : axis;
  const size = x.shape[along] ?? 1;
  const inner = count(x.shape.slice(along + 1));
  const start = (i: number) => Math.floor(i / (size * inner)) * size * inner + (i % inner);
  const rows = x.data.map((_, i) =>
    sum(Array.from({ length: size }, (_, j) => Math.exp(x.data[start(i) + j * inner] ?? 0))),
  );
  return { shape: x.shape, data: x.data.map((value, i) => Math.exp(value) / (rows[i] ?? 0)) };
}

function reshape(call: Call): OnnxValue {
  const x = call.input(0);
  const sizes = [...call.input(1).data].map((size, axis) => (size === 0 ? (x.shape[axis] ?? 0) : size));
  const shape = sizes.map((size) => (size === -1 ? -x.data.length / count(sizes) : size));
  assert.equal(count(shape), x.data.length);
  return { shape, data: x.data };
}

function slice(call: Call): OnnxValue {
  const [x, starts, ends, axes] = [0, 1, 2, 3].map((index) => call.input(index));
  assert.ok(x && starts && ends && axes);
  const first = x.shape.map(() => 0);
  const shape = [...x.shape];
  for (const [i, axis] of axes.data.entries()) {
    first[axis] = starts.data[i] ?? 0;
    shape[axis] = Math.min(ends.data[i] ?? 0, x.shape[axis] ?? 0) - (starts.data[i] ?? 0);
  }
  return gathered(x, shape, (place) => place.map((at, axis) => at + (first[axis] ?? 0)));
}

function pad(call: Call): OnnxValue {
  const [x, pads] = [call.input(0), call.input(1).data];
  const rank = x.shape.length;
  const shape = x.shape.map((size, axis) => size + (pads[axis] ?? 0) + (pads[axis + rank] ?? 0));
  return gathered(x, shape, (place) => place.map((at, axis) => at - (pads[axis] ?? 0)));
}

function transpose(call: Call): OnnxValue {
  const x = call.input(0);
  const order = call.ints("perm", []);
  assert.equal(order.length, x.shape.length);
  const shape = order.map((axis) => x.shape[axis] ?? 0);
  return gathered(x, shape, (place) => x.shape.map((_, axis) => place[order.indexOf(axis)] ?? 0));
}

function gather(call: Call): OnnxValue {
  const [x, indices] = [call.input(0), call.input(1)];
  const axis = call.int("axis", 0);
  assert.equal(indices.shape.length, 1);
  const shape = x.shape.with(axis, indices.data.length);
  return gathered(x, shape, (place) => place.with(axis, indices.data[place[axis] ?? 0] ?? -1));
}

function averagePool(call: Call): OnnxValue {
  const countsPadding = call.int("count_include_pad", 0) === 1;
  return pool(call, (values, places) => sum(values) / (countsPadding ? places : values.length));
}

function hardSigmoid(call: Call): OnnxValue {
  const [alpha, beta] = [call.int("alpha", 0.2), call.int("beta", 0.5)];
  return unary(call.input(0), (value) => Math.max(0, Math.min(1, alpha * value + beta)));
}

function clip(call: Call): OnnxValue {
  const [x, low, high] = [call.input(0), call.input(1).data[0], call.input(2).data[0]];
  return unary(x, (value) => Math.min(Math.max(value, low ?? Number.NaN), high ?? Number.NaN));
}

function flatten(call: Call): OnnxValue {
  const x = call.input(0);
  const axis = call.int("axis", 1);
  return { shape: [count(x.shape.slice(0, axis)), count(x.shape.slice(axis))], data: x.data };
}

/** The error function by its Maclaurin series, near enough to zero for it: |x| < 4. */
function erf(x: number): number {
  if (Math.abs(x) >= 4) return Math.sign(x);
  let term = x;
  let total = x;
  for (let n = 1; n < 120; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

const OPERATORS: Readonly<Record<string, (call: Call) => OnnxValue>> = {
  Add: (call) => binary(call.input(0), call.input(1), (a, b) => a + b),
  AveragePool: averagePool,
  BatchNormalization: batchNormalization,
  Clip: clip,
  Concat: concat,
  Conv: conv,
  Erf: (call) => unary(call.input(0), erf),
  Flatten: flatten,
  Gather: gather,
  Gemm: gemm,
  GlobalAveragePool: (call) => globalPool(call.input(0), (values) => sum(values) / values.length),
  GlobalMaxPool: (call) => globalPool(call.input(0), (values) => Math.max(...values)),
  HardSigmoid: hardSigmoid,
  Identity: (call) => call.input(0),
  MaxPool: (call) => pool(call, (values) => Math.max(...values)),
  Mul: (call) => binary(call.input(0), call.input(1), (a, b) => a * b),
  Pad: pad,
  Relu: (call) => unary(call.input(0), (value) => Math.max(value, 0)),
  Reshape: reshape,
  Sigmoid: (call) => unary(call.input(0), sigmoid),
  Slice: slice,
  Softmax: softmax,
  Tanh: (call) => unary(call.input(0), Math.tanh),
  Transpose: transpose,
};

/** Runs the graph. @returns the outputs by name. */
export function runOnnx(
  model: WireModel,
  inputs: Readonly<Record<string, OnnxValue>>,
): Readonly<Record<string, OnnxValue>> {
  const values = new Map<string, OnnxValue>(Object.entries(inputs));
  for (const { name, shape, data } of model.initializers) values.set(name, { shape, data });
  for (const node of model.nodes) {
    const operator = OPERATORS[node.opType];
    const [output, ...more] = node.outputs;
    assert.ok(operator && output !== undefined && more.length === 0, `${node.opType} ${node.name}`);
    const call = new Call(node, values);
    values.set(output, operator(call));
    call.finish();
  }
  return Object.fromEntries(
    model.outputs.map(({ name, shape }) => {
      const value = values.get(name);
      assert.ok(value, `nothing makes the output ${name}`);
      const fixed = shape.map((size, axis) => (typeof size === "number" ? size : value.shape[axis]));
      assert.deepEqual(value.shape, fixed, `the shape of ${name}`);
      return [name, value];
    }),
  );
}
