import { describe, expect, it } from "vitest";
import { floatsOfHalves, valueOfHalf } from "../../src/base/half_floats.ts";

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
});
