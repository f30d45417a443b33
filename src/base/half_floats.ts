// Half-precision floats (IEEE binary16) as the GPU stores f16: what they are worth.

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
