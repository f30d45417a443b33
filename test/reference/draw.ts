// Seeded sample tensors, every value exactly representable in float32.
import { RandomStream } from "../../src/base/random.ts";
import { elementCount } from "../../src/base/tensors.ts";
import type { Values } from "../../src/ops/common/definition.ts";

/** A stream for one tensor of one sample: its name is its seed. */
function streamOf(name: string): RandomStream {
  return new RandomStream(7, name);
}

/** The given values themselves. */
export function exactly(shape: readonly number[], data: readonly number[]): Values {
  if (data.length !== elementCount(shape)) {
    throw new Error(`exactly: [${shape.join(",")}] has ${elementCount(shape)} elements, not ${data.length}`);
  }
  return { shape: [...shape], data: Float64Array.from(data, Math.fround) };
}

/** Uniform in [low, high). */
export function uniform(name: string, shape: readonly number[], low = -1, high = 1): Values {
  const stream = streamOf(name);
  return { shape: [...shape], data: fill(shape, () => stream.between(low, high)) };
}

/** Uniform in [low, high), at least `margin` away from every kink. */
export function uniformAwayFrom(
  name: string,
  shape: readonly number[],
  range: readonly [number, number],
  kinks: readonly number[],
  margin = 0.01,
): Values {
  const stream = streamOf(name);
  const draw = (): number => {
    const value = stream.between(range[0], range[1]);
    return kinks.some((kink) => Math.abs(value - kink) < margin) ? draw() : value;
  };
  return { shape: [...shape], data: fill(shape, draw) };
}

/** Normal with that mean and deviation. */
export function normal(name: string, shape: readonly number[], mean = 0, deviation = 1): Values {
  const stream = streamOf(name);
  return { shape: [...shape], data: fill(shape, () => mean + deviation * stream.normal()) };
}

/** About zero, all different, at least 5e-4 apart: a maximum is no tie, not even after a small step. */
export function distinct(name: string, shape: readonly number[]): Values {
  const count = elementCount(shape);
  const gap = Math.max(4 / count, 5e-4);
  const order = streamOf(name).shuffled(Array.from({ length: count }, (_, i) => i));
  return {
    shape: [...shape],
    data: Float64Array.from(order, (rank) => Math.fround(gap * (rank - count / 2))),
  };
}

/** Whole numbers in [0, count): many ties. */
export function integers(name: string, shape: readonly number[], count: number): Values {
  const stream = streamOf(name);
  return { shape: [...shape], data: fill(shape, () => stream.below(count)) };
}

/** One-hot rows; each row of `missing` is all zero. */
export function oneHot(name: string, rows: number, classes: number, missing: readonly number[] = []): Values {
  const stream = streamOf(name);
  const data = new Float64Array(rows * classes);
  for (let row = 0; row < rows; row++) {
    const label = stream.below(classes);
    if (!missing.includes(row)) data[row * classes + label] = 1;
  }
  return { shape: [rows, classes], data };
}

function fill(shape: readonly number[], draw: () => number): Float64Array {
  return Float64Array.from({ length: elementCount(shape) }, () => Math.fround(draw()));
}
