// Rows: what they state, how they are read again, and when one counts as slower.
import { describe, expect, it } from "vitest";
import { compareRows, parseRows } from "../../../kernels-bench/measuring/comparison.ts";
import { type BenchRow, rowOf } from "../../../kernels-bench/measuring/rows.ts";
import { geometricMean, quantile } from "../../../src/base/statistics.ts";

const FACTS = { adapter: "lavapipe", commit: "abc1234", tier: "fast", kernels: "cpu", tuned: false };

function row(medianMs: number, spread = 0.02, name = "conv2d/a"): BenchRow {
  const wallMs = [medianMs * (1 - spread), medianMs, medianMs * (1 + spread)];
  return rowOf({ case: name, pass: "forward", batch: 2, timing: { wallMs, gpuMs: [] } }, FACTS, undefined);
}

describe("quantiles", () => {
  it("interpolate between neighbours", () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 0.1)).toBe(2);
    expect(quantile([7], 0.9)).toBe(7);
    expect(geometricMean([1, 4])).toBeCloseTo(2, 12);
  });
});

describe("a row", () => {
  it("has rates of the median wall time, and null where nothing is known", () => {
    const timing = { wallMs: [10, 20, 30], gpuMs: [9, 19, 29] };
    const measured = {
      case: "conv2d/a",
      pass: "forward",
      batch: 8,
      timing,
      flops: 4e9,
      bytes: 2e8,
      dispatches: 3,
    };
    const full = rowOf(measured, FACTS, { gflops: 400, gbPerSecond: 20 });
    expect(full).toMatchObject({
      medianMs: 20,
      p10Ms: 12,
      p90Ms: 28,
      gflops: 200,
      gbPerSecond: 10,
      gpuMs: 19,
    });
    expect(full).toMatchObject({ computeShare: 0.5, memoryShare: 0.5, imagesPerSecond: null, dispatches: 3 });
    const bare = rowOf({ case: "n", pass: "train", batch: 8, timing, images: 8 }, FACTS, undefined);
    expect(bare).toMatchObject({ imagesPerSecond: 400, gflops: null, dispatches: null, peakGpuBytes: null });
  });
});

describe("a comparison", () => {
  const verdicts = (before: BenchRow, after: BenchRow) =>
    compareRows([before], [after]).map(({ verdict }) => verdict);

  it("finds what is slower or faster by more than both runs scatter", () => {
    expect(verdicts(row(10), row(13))).toEqual(["slower"]);
    expect(verdicts(row(10), row(7))).toEqual(["faster"]);
    expect(verdicts(row(10, 0.5), row(13))).toEqual(["same"]);
    expect(verdicts(row(10, 0.001), row(10.3, 0.001))).toEqual(["same"]);
  });

  it("pairs rows of one case, pass, batch, adapter, tier and kernels", () => {
    const after = row(10);
    expect(
      compareRows([{ ...row(5), batch: 4 }, { ...row(5), adapter: "other" }, row(5, 0.02, "b")], [after]),
    ).toEqual([]);
    expect(compareRows([row(4), row(5)], [after]).map(({ ratio }) => ratio)).toEqual([2]);
  });

  it("reads what was written, and names a line that is no row", () => {
    const rows = [row(1), row(2)];
    expect(parseRows(rows.map((one) => `${JSON.stringify(one)}\n`).join(""), "f.jsonl")).toEqual(rows);
    expect(() => parseRows(`${JSON.stringify(row(1))}\nnonsense\n`, "f.jsonl")).toThrow(
      /^f\.jsonl:2: not a row/,
    );
    expect(() => parseRows('{"case":"a"}', "f.jsonl")).toThrow(/f\.jsonl:1/);
  });
});
