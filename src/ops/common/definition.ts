// The basis of operators' definitions: plain sums in float64 that share no code with the kernels. Tests and the bench
// evaluate them completely, the tuner at a few elements of tensors of the real size. Inputs, outputs and attributes
// have Keras' names in camelCase, as in golden cases.

import { elementCount, type Shape, shapeText } from "../../base/tensors.ts";

/** A dense row-major tensor in float64. */
export interface Values {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** Tensors by name: inputs, outputs, or gradients ("d" and the name of their tensor). */
export type NamedValues = Readonly<Record<string, Values>>;
export type Attributes = Readonly<Record<string, unknown>>;

export interface Definition {
  forward(inputs: NamedValues, attrs: Attributes): NamedValues;
  /** From "dy" (or "dloss") to "dx", "dw" …: one for each differentiable input that is present. */
  gradient?(inputs: NamedValues, attrs: Attributes, dOutputs: NamedValues): NamedValues;
}

export function zeros(shape: Shape): Values {
  return { shape: [...shape], data: new Float64Array(elementCount(shape)) };
}

/** The tensor of that name. @throws Error if it is missing. */
export function the(values: NamedValues, name: string): Values {
  const found = values[name];
  if (!found) throw new Error(`no tensor "${name}" among ${Object.keys(values).join(", ")}`);
  return found;
}

/** The sizes of a shape of known rank. @throws Error if it has another rank. */
export function sizes4(shape: Shape): readonly [number, number, number, number] {
  const [n, h, w, c] = shape;
  if (shape.length !== 4 || n === undefined || h === undefined || w === undefined || c === undefined) {
    throw new Error(`a shape of rank 4 is needed, not ${shapeText(shape)}`);
  }
  return [n, h, w, c];
}

/** A sum in float64, with the sum of its terms' magnitudes, which bounds the rounding error. */
export interface ExactSum {
  readonly value: number;
  readonly magnitude: number;
}

/** An output, element by element, by index in memory. */
export type Elements = (index: number) => ExactSum;

/** All elements of an output. */
export function whole(shape: Shape, elements: Elements): Values {
  const result = zeros(shape);
  for (let i = 0; i < result.data.length; i++) result.data[i] = elements(i).value;
  return result;
}

/** Elements of inputs by name, in any kind of array. */
export type Operands = Readonly<Record<string, ArrayLike<number>>>;

/** The elements of tensors. */
export function operandsOf(values: NamedValues): Operands {
  return Object.fromEntries(Object.entries(values).map(([name, { data }]) => [name, data]));
}

/** The operand of that name. @throws Error if it is missing. */
export function operand(operands: Operands, name: string): ArrayLike<number> {
  const found = operands[name];
  if (!found) throw new Error(`no values for ${name}`);
  return found;
}
