// Shapes and element types.

import { WeftError } from "./errors.ts";

/** Sizes of a tensor's dimensions, outermost first (images are [N, H, W, C]). */
export type Shape = readonly number[];

/** Element types that tensors may have. `u8` is packed four to a 32-bit word on the GPU. */
export type DType = "f32" | "f16" | "u32" | "u8";

/** Bytes of one element. */
export const ELEMENT_BYTES: Readonly<Record<DType, number>> = { f32: 4, f16: 2, u32: 4, u8: 1 };

/** A tensor's type: its shape and its element type. */
export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** The number of elements of a shape; 1 for a scalar `[]`. */
export function elementCount(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The bytes of a tensor in a GPU buffer: whole 32-bit words, at least one. */
export function byteSize(type: TensorType): number {
  const bytes = elementCount(type.shape) * ELEMENT_BYTES[type.dtype];
  return Math.max(4, Math.ceil(bytes / 4) * 4);
}

/** A shape in the usual notation: `[8,35,35,64]`. */
export function shapeText(shape: Shape): string {
  return `[${shape.join(",")}]`;
}

/** Whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/**
 * Reads a shape of known rank, with a clear message if it has another rank.
 * @throws WeftError naming the operator and the tensor.
 */
export function requireRank(where: string, name: string, shape: Shape, rank: number): number[] {
  if (shape.length !== rank) {
    throw new WeftError(`${where}: ${name} expects ${rank} dimensions but is ${shapeText(shape)}`);
  }
  return [...shape];
}
