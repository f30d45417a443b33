// The same task for many items, such as asking the file system about each of 100,000 files, a bounded number at
// once. A fault ends it.

/**
 * Runs the task for every item, at most `limit` at a time.
 * @returns what the tasks return, in the order of the items
 * @throws what the first task to fail throws
 */
export async function concurrentMap<Item, Result>(
  items: readonly Item[],
  limit: number,
  task: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  const queue = items.entries();
  const lane = async () => {
    for (const [index, item] of queue) results[index] = await task(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  return results;
}
