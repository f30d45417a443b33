import { describe, expect, it } from "vitest";
import { enlargeBilinear } from "../../src/data/images.ts";

/** RGB bytes with all three channels equal. */
function grey(values: number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value, value, value]));
}

describe("enlargeBilinear", () => {
  it("samples at pixel centres and repeats the edges, as PIL does", () => {
    const row = enlargeBilinear(grey([0, 100, 0, 200]), [4, 1], [8, 1]);
    expect(row).toEqual(grey([0, 25, 75, 75, 25, 50, 150, 200])); // PIL 12's BILINEAR
    const column = enlargeBilinear(grey([0, 100, 0, 200]), [1, 4], [1, 8]);
    expect(column).toEqual(row);
  });

  it("leaves an image of the same size as it is, and channels apart", () => {
    const rgb = Uint8Array.from({ length: 5 * 3 * 3 }, (_, i) => (i * 37) % 256);
    expect(enlargeBilinear(rgb, [5, 3], [5, 3])).toEqual(rgb);
    const wide = enlargeBilinear(Uint8Array.of(255, 0, 0, 0, 0, 255), [2, 1], [4, 1]);
    expect([...wide]).toEqual([255, 0, 0, 191, 0, 64, 64, 0, 191, 0, 0, 255]);
  });

  it("refuses to shrink", () => {
    expect(() => enlargeBilinear(grey([1, 2]), [2, 1], [1, 4])).toThrow(RangeError);
  });
});
