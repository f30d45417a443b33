import { expect, it } from "vitest";
import { smallestBatch } from "../../src/data/batches.ts";
import { smallBatchWarning } from "../../src/training/schedule.ts";

it.each([
  [320, 32, 32],
  [321, 32, 29],
  [33, 32, 16],
  [3, 2, 1],
  [4, 2, 2],
  [5, 1, 1],
  [1, 32, 1],
])("knows the smallest batch of %i images in batches of at most %i", (images, batchSize, smallest) => {
  expect(smallestBatch(images, batchSize)).toBe(smallest);
});

it("warns of batch norm over one or two images, unless the backbone is frozen", () => {
  expect(smallBatchWarning(1, false)).toMatch(/^batch norm takes its statistics of a single image /);
  expect(smallBatchWarning(2, false)).toMatch(/^batch norm takes its statistics of 2 images /);
  expect(smallBatchWarning(3, false)).toBeUndefined();
  expect(smallBatchWarning(1, true)).toBeUndefined();
});
