import { expect, it } from "vitest";
import { coverageOf } from "../../src/data/label_coverage.ts";

/** Images with the given class of one head, or none. */
function dataset(classes: number, labels: readonly (number | undefined)[]) {
  return {
    heads: [{ name: "a", classes, rows: labels.length }],
    images: labels.map((right, i) => ({
      path: `${i}.jpg`,
      line: i + 1,
      labels: right === undefined ? [] : [{ head: 0, letters: "", class: right }],
    })),
  };
}

const SPLIT = { training: [0, 1, 2, 3], validation: [4, 5] };

it("says nothing where every class has a training image", () => {
  const { heads, warnings } = coverageOf(dataset(2, [0, 1, undefined, 1, 0, undefined]), SPLIT);
  expect(warnings).toEqual([]);
  expect(heads).toEqual([{ name: "a", classes: 2, rows: 6 }]);
});

const NOT_COUNTED = "it does not count in the weighted accuracy";

it.each([
  [
    3,
    [undefined, undefined, undefined, undefined, 0, 2],
    0,
    `a: no training image is labelled (2 in validation): this head learns nothing, and ${NOT_COUNTED}`,
  ],
  [
    3,
    [undefined, undefined, undefined, undefined, undefined, undefined],
    0,
    `a: no training image is labelled: this head learns nothing, and ${NOT_COUNTED}`,
  ],
  [3, [1, 1, undefined, 1, 0, 1], 1, `a: all training labels are nyn, one class of 3: ${NOT_COUNTED}`],
  [
    3,
    [1, 0, undefined, 1, 2, 1],
    2,
    "a: no training image has nny (1 in validation): 1 of 3 classes cannot be learnt",
  ],
  [
    8,
    [1, 0, undefined, 1, 0, 1],
    2,
    "a: no training image has nnynnnnn, nnnynnnn, nnnnynnn, nnnnnynn, and 2 more: 6 of 8 classes cannot be learnt",
  ],
])("warns of an attribute of %i classes with the labels %j", (classes, labels, seenClasses, warning) => {
  const { heads, warnings } = coverageOf(dataset(classes, labels), SPLIT);
  expect(warnings).toEqual([warning]);
  expect(heads).toEqual([{ name: "a", classes, rows: 6, seenClasses }]);
});

it("warns of an attribute of one class", () => {
  const { heads, warnings } = coverageOf(dataset(1, [0, 0, 0, 0, 0, 0]), SPLIT);
  expect(warnings).toEqual([`a: it has one class, so there is nothing to tell apart: ${NOT_COUNTED}`]);
  expect(heads).toEqual([{ name: "a", classes: 1, rows: 6 }]);
});

it("names ten attributes and counts the rest", () => {
  const heads = Array.from({ length: 14 }, (_, i) => ({ name: `a${i}`, classes: 2, rows: 1 }));
  const images = [{ path: "0.jpg", line: 1, labels: [{ head: 3, letters: "yn", class: 0 }] }];
  const { warnings } = coverageOf({ heads, images }, { training: [0], validation: [] });
  expect(warnings).toHaveLength(11);
  expect(warnings[3]).toMatch(/^a3: all training labels are yn/);
  expect(warnings[10]).toBe("training labels are missing of 4 more attributes or their classes");
});
