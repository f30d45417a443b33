import { describe, expect, it } from "vitest";
import { isCounted, MetricsSum, weightedAccuracy } from "../../src/training/metrics.ts";

const HEADS = [
  { name: "a", classes: 3, rows: 30 },
  { name: "b", classes: 2, rows: 10 },
  { name: "c", classes: 2, rows: 5 },
];

describe("MetricsSum", () => {
  it("prints the mean over labelled images, and the total as it is trained, over all", () => {
    const sum = new MetricsSum(HEADS);
    // A batch of 8, of which 4 are labelled of b; one of 2, of which none is.
    sum.add([1.5, 0.5, 0], [4, 8, 3, 4, 0, 0], 8);
    sum.add([0.5, 0, 0], [1, 2, 0, 0, 0, 0], 2);
    expect(sum.finish()).toEqual({
      loss: (8 * 2 + 2 * 0.5) / 10,
      losses: { a: (8 * 1.5 + 2 * 0.5) / 10, b: (8 * 0.5) / 4, c: null },
      accuracy: { a: 0.5, b: 0.75, c: null },
      weighted: (30 * 0.5 + 10 * 0.75) / 40,
    });
    expect(sum.loss).toBe(1.7);
    expect(sum.labelledRows).toEqual({ a: 10, b: 4, c: 0 });
  });

  it("has no figures where nothing is labelled or no image came", () => {
    const none = { a: null, b: null, c: null };
    const unlabelled = new MetricsSum(HEADS);
    unlabelled.add([0, 0, 0], [0, 0, 0, 0, 0, 0], 8);
    for (const sum of [unlabelled, new MetricsSum(HEADS)]) {
      expect(sum.finish()).toEqual({ loss: null, losses: none, accuracy: none, weighted: null });
    }
  });
});

describe("weightedAccuracy", () => {
  it("leaves out heads that had fewer than two classes to learn", () => {
    const heads = [
      { name: "a", classes: 3, rows: 30 },
      { name: "b", classes: 3, rows: 10, seenClasses: 2 },
      { name: "one", classes: 1, rows: 100 },
      { name: "seen", classes: 3, rows: 100, seenClasses: 1 },
      { name: "none", classes: 3, rows: 100, seenClasses: 0 },
    ];
    expect(heads.map(isCounted)).toEqual([true, true, false, false, false]);
    const accuracy = { a: 0.5, b: 0.9, one: 1, seen: 1, none: 0 };
    expect(weightedAccuracy(heads, accuracy)).toBeCloseTo((30 * 0.5 + 10 * 0.9) / 40, 12);
    expect(weightedAccuracy(heads.slice(2), accuracy)).toBeNull();
  });
});
