import { expect, it } from "vitest";
import { TaskQueue } from "../../src/data/task_queue.ts";

it("starts tasks in order, never more at once than allowed, and survives one that throws", async () => {
  const queue = new TaskQueue(3);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      queue.run(async () => {
        started.push(index);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, (index * 7) % 5));
        running--;
        if (index % 4 === 1) throw new Error(`task ${index}`);
        return index;
      }),
    ),
  );
  expect(started).toEqual(Array.from({ length: 20 }, (_, index) => index));
  expect(most).toBe(3);
  expect(outcomes.map(({ status }) => status === "rejected")).toEqual(
    started.map((index) => index % 4 === 1),
  );
  expect(await queue.run(async () => "still works")).toBe("still works");
});
