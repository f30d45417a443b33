import { describe, expect, it } from "vitest";
import {
  floatsOfHalves,
  halfOf,
  halvesOfFloats,
  roundedToHalf,
  valueOfHalf,
} from "../../src/base/half_floats.ts";

describe("half floats", () => {
  it.each([
    [0x0000, 0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x3555, 0.333251953125],
    [0x7bff, 65504],
    [0x0400, 2 ** -14],
    [0x0001, 2 ** -24],
    [0x83ff, -1023 * 2 ** -24],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
    [0x7e01, Number.NaN],
  ])("%i is %f", (bits, value) => {
    expect(valueOfHalf(bits)).toBe(value);
  });

  it("come in arrays", () => {
    expect(floatsOfHalves(Uint16Array.of(0x3c00, 0x4200))).toEqual(Float32Array.of(1, 3));
  });

  it("are nearest to themselves, all of them", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = valueOfHalf(bits);
      if (Number.isNaN(value)) expect(valueOfHalf(halfOf(value))).toBeNaN();
      else expect(halfOf(value)).toBe(bits);
    }
  });

  it("round to the nearest, ties to even", () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const [low, high] = [valueOfHalf(bits), valueOfHalf(bits + 1)];
      const middle = (low + high) / 2;
      expect(halfOf(middle)).toBe(bits + (bits % 2));
      expect(halfOf(-Math.fround(low + (high - low) * 0.49))).toBe(bits | 0x8000);
      expect(halfOf(Math.fround(low + (high - low) * 0.51))).toBe(bits + 1);
    }
    expect(roundedToHalf(65519.9)).toBe(65504);
    expect(roundedToHalf(65520)).toBe(Number.POSITIVE_INFINITY);
    expect(roundedToHalf(-1e30)).toBe(Number.NEGATIVE_INFINITY);
    expect(halfOf(-0)).toBe(0x8000);
    expect(halvesOfFloats(Float32Array.of(1, 3, 0.1))).toEqual(Uint16Array.of(0x3c00, 0x4200, 0x2e66));
  });
});
