// What the reference operators of ONNX compute on: values in float64, and a node with its inputs and attributes.

import { strict as assert } from "node:assert";
import type { WireNode } from "./onnx_wire.ts";

export interface OnnxValue {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** A node with its values at hand. */
export class Call {
  private readonly read = new Set<string>();

  constructor(
    private readonly node: WireNode,
    private readonly values: ReadonlyMap<string, OnnxValue>,
  ) {}

  get inputs(): OnnxValue[] {
    return this.node.inputs.map((name) => {
      const value = this.values.get(name);
      assert.ok(value, `${this.node.name} reads ${name} before it is there`);
      return value;
    });
  }

  input(index: number): OnnxValue {
    const value = this.inputs[index];
    assert.ok(value, `${this.node.name} has no input ${index}`);
    return value;
  }

  int(name: string, fallback: number): number {
    this.read.add(name);
    const value = this.node.attributes.get(name) ?? fallback;
    assert.ok(typeof value === "number", name);
    return value;
  }

  ints(name: string, fallback: readonly number[]): readonly number[] {
    this.read.add(name);
    const value = this.node.attributes.get(name) ?? fallback;
    assert.ok(typeof value !== "number", name);
    return value;
  }

  /** @throws where the node has attributes that its operator does not know. */
  finish(): void {
    for (const name of this.node.attributes.keys()) {
      assert.ok(this.read.has(name), `${this.node.opType} has no ${name}`);
    }
  }
}

export const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

export const empty = (shape: readonly number[]): OnnxValue => ({
  shape,
  data: new Float64Array(count(shape)),
});

/** Elements between neighbours along each axis. */
const stridesOf = (shape: readonly number[]) => shape.map((_, axis) => count(shape.slice(axis + 1)));

/** y[place] = x[source(place)], zero where there is no source. */
export function gathered(
  x: OnnxValue,
  shape: readonly number[],
  source: (place: readonly number[]) => readonly number[],
): OnnxValue {
  const y = empty(shape);
  const from = stridesOf(x.shape);
  const to = stridesOf(shape);
  for (let i = 0; i < y.data.length; i++) {
    const place = shape.map((size, axis) => Math.floor(i / (to[axis] ?? 1)) % size);
    const there = source(place);
    if (there.some((index, axis) => index < 0 || index >= (x.shape[axis] ?? 0))) continue;
    y.data[i] = x.data[there.reduce((sum, index, axis) => sum + index * (from[axis] ?? 0), 0)] ?? 0;
  }
  return y;
}

/** Numpy's broadcasting of two shapes. */
export function binary(a: OnnxValue, b: OnnxValue, combine: (a: number, b: number) => number): OnnxValue {
  const rank = Math.max(a.shape.length, b.shape.length);
  const sizes = (shape: readonly number[]) => [...Array(rank - shape.length).fill(1), ...shape] as number[];
  const [ofA, ofB] = [sizes(a.shape), sizes(b.shape)];
  const shape = ofA.map((size, axis) => {
    const other = ofB[axis] ?? 1;
    assert.ok(size === other || size === 1 || other === 1, `${a.shape} and ${b.shape} do not fit`);
    return Math.max(size, other);
  });
  const spread = (data: Float64Array, own: readonly number[]) =>
    gathered({ shape: own, data }, shape, (place) => place.map((at, axis) => (own[axis] === 1 ? 0 : at)));
  const right = spread(b.data, ofB).data;
  return { shape, data: spread(a.data, ofA).data.map((value, i) => combine(value, right[i] ?? 0)) };
}

export const unary = (x: OnnxValue, map: (value: number) => number): OnnxValue => ({
  shape: x.shape,
  data: x.data.map(map),
});
