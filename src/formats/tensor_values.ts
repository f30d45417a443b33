// Elements of any stored type as float32.

import type { StoredTensor } from "./safetensors.ts";

/** The value of an IEEE half-precision number given by its 16 bits. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Numbers given by their 16 bits. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  // bfloat16 is the upper half of a float32.
  const words = Uint32Array.from(bits, (value) => value << 16);
  return new Float32Array(words.buffer);
}

/** A tensor's elements as float32; its own array, not a copy, where it is F32 already. */
export function toFloat32(tensor: StoredTensor): Float32Array {
  const { data, dtype } = tensor;
  if (data instanceof Float32Array) return data;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float32Array.from(data, Number);
  if (data instanceof Uint16Array && dtype === "F16") return Float32Array.from(data, halfToNumber);
  if (data instanceof Uint16Array && dtype === "BF16") return bfloat16ToFloat32(data);
  return Float32Array.from(data);
}
