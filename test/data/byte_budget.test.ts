import { describe, expect, it } from "vitest";
import { ByteBudget } from "../../src/data/byte_budget.ts";

/** Tasks that end when they are told to. */
function tasks(budget: ByteBudget, sizes: readonly number[]) {
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const runs = sizes.map((bytes, index) =>
    budget.run(bytes, async () => {
      started.push(index);
      await new Promise<void>((resolve) => {
        ends[index] = resolve;
      });
      return index;
    }),
  );
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const end = async (index: number) => {
    ends[index]?.();
    await settle();
  };
  return { started, runs, end, settle };
}

describe("ByteBudget", () => {
  it("runs as many tasks at once as fit, in their order", async () => {
    const budget = new ByteBudget(100);
    const { started, runs, end, settle } = tasks(budget, [60, 30, 20, 5]);
    await settle();
    expect(started).toEqual([0, 1]); // the last would fit, but it is not its turn
    expect(budget.heldBytes).toBe(90);
    await end(1);
    expect(started).toEqual([0, 1, 2, 3]);
    for (const index of [0, 2, 3]) await end(index);
    expect(await Promise.all(runs)).toEqual([0, 1, 2, 3]);
    expect(budget.heldBytes).toBe(0);
  });

  it("runs what alone exceeds the budget by itself", async () => {
    const budget = new ByteBudget(100);
    const { started, end, settle } = tasks(budget, [10, 5000, 10]);
    await settle();
    expect(started).toEqual([0]);
    await end(0);
    expect(started).toEqual([0, 1]);
    await end(1);
    expect(started).toEqual([0, 1, 2]);
  });

  it("passes on what a task throws, and gives its bytes back", async () => {
    const budget = new ByteBudget(100);
    const failing = budget.run(100, () => Promise.reject(new Error("no such image")));
    const next = budget.run(100, async () => "next");
    await expect(failing).rejects.toThrow("no such image");
    expect(await next).toBe("next");
    expect(budget.heldBytes).toBe(0);
  });
});
