// The comparison that every numeric test rests on: what it lets pass, what it refuses, and what it says.
import { describe, expect, it } from "vitest";
import { compare, expectMatch, placeOf } from "./compare.ts";

const tensor = (shape: number[], data: number[]) => ({ shape, data });
const EXACT = { rtol: 0, atol: 0 };

describe("compare", () => {
  it("allows atol + rtol * the largest of the whole reference", () => {
    const want = tensor([2], [0, -100]);
    const tolerance = { rtol: 0.01, atol: 0.5 };
    expect(compare(tensor([2], [1.5, -100]), want, tolerance)).toMatchObject({ matches: true, ratio: 1 });
    expect(compare(tensor([2], [1.6, -100]), want, tolerance).matches).toBe(false);
  });

  it("says how many elements differ, the largest difference, where, and what was allowed", () => {
    const want = tensor([2, 3], [1, 2, 3, 4, 5, 6]);
    const { report, ratio } = compare(tensor([2, 3], [1, 2, 3.5, 4, 8, 6]), want, { rtol: 0, atol: 0.25 });
    expect(ratio).toBe(12);
    for (const part of ["2 of 6 elements", "difference 3 at [1,1]", "got 8, want 5", "allowed 0.25"]) {
      expect(report).toContain(part);
    }
  });

  it.each([
    ["NaN", Number.NaN, 1],
    ["an infinity", Number.POSITIVE_INFINITY, 1],
    ["NaN where NaN is wanted", Number.NaN, Number.NaN],
    ["an infinity where one is wanted", Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ["a number where an infinity is wanted", 1, Number.NEGATIVE_INFINITY],
  ])("never matches %s", (_name, got, want) => {
    const comparison = compare(tensor([2], [0, got]), tensor([2], [0, want]), { rtol: 1, atol: 1e9 });
    expect(comparison).toMatchObject({ matches: false, ratio: Number.POSITIVE_INFINITY });
    expect(comparison.report).toMatch(/1 NaN or infinite.*at \[1\]/);
  });

  it("never matches another shape, even of as many elements", () => {
    const comparison = compare(tensor([2, 1], [1, 2]), tensor([1, 2], [1, 2]));
    expect(comparison.matches).toBe(false);
    expect(comparison.report).toContain("[2,1]");
  });

  it("matches equal tensors without any tolerance, empty ones too", () => {
    expect(compare(tensor([2], [1, -2]), tensor([2], [1, -2]), EXACT)).toMatchObject({
      matches: true,
      ratio: 0,
    });
    expect(compare(tensor([0], []), tensor([0], []), EXACT).matches).toBe(true);
  });
});

describe("expectMatch", () => {
  it("throws the report under its heading", () => {
    expect(() => expectMatch("y of relu", tensor([1], [1]), tensor([1], [2]))).toThrow(
      /^y of relu: 1 of 1 elements/,
    );
    expect(() => expectMatch("y of relu", tensor([1], [2]), tensor([1], [2]))).not.toThrow();
  });
});

describe("placeOf", () => {
  it("gives the row-major place", () => {
    expect(placeOf(23, [2, 3, 4])).toEqual([1, 2, 3]);
    expect(placeOf(6, [2, 3, 4])).toEqual([0, 1, 2]);
  });
});
