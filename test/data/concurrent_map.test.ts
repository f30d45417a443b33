import { expect, it } from "vitest";
import { concurrentMap } from "../../src/data/concurrent_map.ts";

it("keeps the order of results and the bound on what runs at once", async () => {
  let running = 0;
  let most = 0;
  const results = await concurrentMap([5, 3, 1, 4, 2, 0], 3, async (item, index) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, item));
    running--;
    return `${index}: ${item}`;
  });
  expect(results).toEqual(["0: 5", "1: 3", "2: 1", "3: 4", "4: 2", "5: 0"]);
  expect(most).toBe(3);
  expect(await concurrentMap([], 3, async () => 1)).toEqual([]);
});

it("throws what a task throws", async () => {
  const failing = concurrentMap([1, 2, 3], 2, async (item) => {
    if (item === 2) throw new RangeError("two");
    return item;
  });
  await expect(failing).rejects.toThrow(new RangeError("two"));
});
