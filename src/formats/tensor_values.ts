// Elements of any stored type as float32.

import type { StoredTensor, TensorData } from "./safetensors.ts";

/** The value of an IEEE half-precision number given by its 16 bits. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** IEEE half-precision numbers given by their 16 bits. */
export function float16ToFloat32(bits: Uint16Array): Float32Array {
  const floats = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) floats[i] = halfToNumber(bits[i] ?? 0);
  return floats;
}

/** Numbers given by their 16 bits: bfloat16 is the upper half of a float32. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = (bits[i] ?? 0) << 16;
  return new Float32Array(words.buffer);
}

/** A typed array's elements as float32, the array itself if it already is float32; undefined for anything else. */
export function numbersToFloat32(values: unknown): Float32Array | undefined {
  if (values instanceof Float32Array) return values;
  if (!ArrayBuffer.isView(values) || values instanceof DataView) return undefined;
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    // TypedArray.from is not used, because it first makes a list of all values.
    const floats = new Float32Array(values.length);
    for (let i = 0; i < values.length; i++) floats[i] = Number(values[i]);
    return floats;
  }
  return new Float32Array(values as Exclude<TensorData, BigInt64Array | BigUint64Array>);
}

/** A tensor's elements as float32; its own array, not a copy, if it already is F32. */
export function toFloat32({ data, dtype }: StoredTensor): Float32Array {
  if (data instanceof Uint16Array && dtype === "F16") return float16ToFloat32(data);
  if (data instanceof Uint16Array && dtype === "BF16") return bfloat16ToFloat32(data);
  return numbersToFloat32(data) ?? new Float32Array(0);
}
