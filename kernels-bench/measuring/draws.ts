// Seeded values for the inputs of cases, exactly representable in the element type of the kernels.

import { roundedToHalf } from "../../src/base/half_floats.ts";
import { RandomStream } from "../../src/base/random.ts";
import { type DType, elementCount } from "../../src/base/tensors.ts";
import type { HostArray } from "../../src/graph/plan.ts";
import type { NamedValues, Values } from "../../src/ops/common/definition.ts";
import type { Draw, TensorSpec } from "../cases/bench_case.ts";

const SEED = 5;
const TRANSFORM_SIZE = 6;

/** Values of a tensor; the name is their seed. */
export function draw(name: string, { shape, dtype, draw: kind = "uniform" }: TensorSpec): Values {
  const stream = new RandomStream(SEED, name);
  const count = elementCount(shape);
  if (kind === "oneHot") return { shape, data: oneHotRows(stream, count, shape.at(-1) ?? 1) };
  const next = generator(kind, stream);
  const held = dtype === "f16" ? roundedToHalf : Math.fround;
  const data = new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = held(next(i));
  return { shape, data };
}

function generator(kind: Exclude<Draw, "oneHot">, stream: RandomStream): (i: number) => number {
  if (typeof kind !== "string") return (i) => kind[i] ?? 0;
  switch (kind) {
    case "uniform":
      return () => stream.between(-1, 1);
    case "positive":
      return () => stream.between(0.5, 1.5);
    case "pixels":
      return () => stream.between(0, 255);
    case "zero":
      return () => 0;
    case "bytes":
      return () => stream.below(256);
    case "transforms":
      return (i) => [1.05, 0.1, -0.6, -0.1, 0.95, 0.4][i % TRANSFORM_SIZE]! + stream.between(-0.01, 0.01);
    default:
      return kind satisfies never;
  }
}

function oneHotRows(stream: RandomStream, count: number, classes: number): Float64Array {
  const data = new Float64Array(count);
  for (let row = 0; row < count; row += classes) data[row + stream.below(classes)] = 1;
  return data;
}

/** The values as the plan takes them. */
export function hostArray({ data }: Values, dtype: DType = "f32"): HostArray {
  if (dtype === "u8") return Uint8Array.from(data);
  return dtype === "u32" ? Uint32Array.from(data) : Float32Array.from(data);
}

/** Values of all inputs by role. */
export function drawAll(prefix: string, inputs: Readonly<Record<string, TensorSpec>>): NamedValues {
  return Object.fromEntries(
    Object.entries(inputs).map(([role, spec]) => [role, draw(`${prefix}/${role}`, spec)]),
  );
}
