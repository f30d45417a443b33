// Half-precision floats (IEEE binary16) as the GPU stores f16: conversion to numbers, and rounding to the nearest.

const MANTISSA_BITS = 10;
const EXPONENT_BIAS = 15;
const MANTISSA_UNITS = 2 ** MANTISSA_BITS;

/** The value of a half-precision float, given by its 16 bits. */
export function valueOfHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> MANTISSA_BITS) & 0x1f;
  const mantissa = bits & (MANTISSA_UNITS - 1);
  if (exponent === 0x1f) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * mantissa * 2 ** (1 - EXPONENT_BIAS - MANTISSA_BITS);
  return sign * (1 + mantissa / MANTISSA_UNITS) * 2 ** (exponent - EXPONENT_BIAS);
}

/** The values of half-precision floats. */
export function floatsOfHalves(halves: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(halves, valueOfHalf);
}

/** The bits of a single-precision number, through memory that both views share. */
const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);
const INFINITE_HALF = 0x7c00;
const NAN_HALF = 0x7e00;
/** Single-precision bits: infinity, the least that rounds to an infinite half, and the least normal half. */
const SINGLE = { infinity: 0x7f800000, tooLarge: 0x477ff000, leastNormal: 0x38800000 } as const;
const DROPPED_BITS = 13;
const SUBNORMAL_UNITS = 2 ** (EXPONENT_BIAS - 1 + MANTISSA_BITS);

/** The half-precision float nearest to a single-precision number, ties to even, as 16 bits. */
export function halfOf(value: number): number {
  single[0] = value;
  const all = singleBits[0] ?? 0;
  const sign = (all >>> 16) & 0x8000;
  const bits = all & 0x7fffffff;
  if (bits > SINGLE.infinity) return sign | NAN_HALF;
  if (bits >= SINGLE.tooLarge) return sign | INFINITE_HALF;
  if (bits < SINGLE.leastNormal) {
    const units = Math.abs(single[0] ?? 0) * SUBNORMAL_UNITS;
    const below = Math.floor(units);
    const isUp = units - below > 0.5 || (units - below === 0.5 && below % 2 === 1);
    return sign | (below + Number(isUp));
  }
  const isOdd = (bits >>> DROPPED_BITS) & 1;
  return sign | ((bits - SINGLE.leastNormal + 0x0fff + isOdd + (1 << 23)) >>> DROPPED_BITS);
}

/** Numbers as the GPU stores them in f16. */
export function halvesOfFloats(values: Float32Array): Uint16Array<ArrayBuffer> {
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) halves[i] = halfOf(values[i] ?? 0);
  return halves;
}

/** A number rounded to f16. */
export function roundedToHalf(value: number): number {
  return valueOfHalf(halfOf(value));
}
