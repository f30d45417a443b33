// The loss scale: the seed of the gradients, the search for infinities, and what becomes of scale and step.
import { describe, expect, it } from "vitest";
import { testDevice } from "../../device.ts";
import { runOperator } from "../../golden/runner/run_operator.ts";

const numbers = (...values: number[]) => ({ shape: [values.length], data: Float32Array.from(values) });
const run = { grads: [], upstream: {} };

/** Whether any flag is set for gradients, of which the members count. */
async function isFlagged(
  x: ReturnType<typeof numbers>,
  attrs: { readonly offsets: readonly number[]; readonly sizes: readonly number[] },
  previous?: ReturnType<typeof numbers>,
): Promise<boolean> {
  const device = await testDevice();
  const threads = device.facts.family === "cpu" ? 512 : 16384;
  const inputs = { x, ...(previous && { previous }) };
  const got = await runOperator(device, { ...run, op: "findInfinite", attrs, inputs, outputs: ["flags"] });
  return (got.flags ?? []).slice(0, threads).some((flag) => flag === 1);
}

async function update(state: readonly [number, number], flagged: number[]) {
  const device = await testDevice();
  const flags = new Float32Array(16384);
  for (const at of flagged) flags[at] = 1;
  const inputs = { state: numbers(...state), flags: { shape: [flags.length], data: flags } };
  const outputs = ["newState", "verdict"];
  const got = await runOperator(device, { ...run, op: "lossScaleUpdate", attrs: {}, inputs, outputs });
  return { state: [...(got.newState ?? [])], verdict: [...(got.verdict ?? [])] };
}

describe("the loss scale", () => {
  it("starts at 2^15 and is the gradient of every loss", async () => {
    const seed = async (state: number) => {
      const inputs = { state: numbers(state, 7) };
      const attrs = { count: 3 };
      const device = await testDevice();
      const op = "lossScaleSeed";
      return (await runOperator(device, { ...run, op, attrs, inputs, outputs: ["seed"] })).seed;
    };
    expect(await seed(0)).toEqual(Float32Array.of(32768, 32768, 32768));
    expect(await seed(-15)).toEqual(Float32Array.of(1, 1, 1));
  });

  it.each([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN])(
    "finds %f wherever it lies, but not in the padding",
    async (bad) => {
      const values = Array.from({ length: 1000 }, (_, i) => i * 1e35);
      const attrs = { offsets: [0, 256, 320, 512], sizes: [200, 1, 64, 488] };
      for (const [at, isFound] of [
        [0, true],
        [199, true],
        [200, false],
        [255, false],
        [256, true],
        [257, false],
        [319, false],
        [320, true],
        [383, true],
        [384, false],
        [511, false],
        [999, true],
      ] as const) {
        expect(await isFlagged(numbers(...values.with(at, bad)), attrs), `at ${at}`).toBe(isFound);
      }
      expect(await isFlagged(numbers(...values), attrs)).toBe(false);
    },
  );

  it("remembers what an earlier arena had", async () => {
    const flags = new Float32Array(16384);
    const attrs = { offsets: [0], sizes: [3] };
    expect(await isFlagged(numbers(1, 2, 3), attrs, { shape: [16384], data: flags })).toBe(false);
    expect(await isFlagged(numbers(1, 2, 3), attrs, { shape: [16384], data: flags.with(300, 1) })).toBe(true);
  });

  it("leaves a bad step out and halves", async () => {
    const bad = { state: [-1, 0], verdict: [0, 2 ** 15] };
    expect(await update([0, 1234], [0])).toEqual(bad);
    expect(await update([0, 1234], [511, 3])).toEqual(bad);
    expect(await update([-15, 1], [70])).toEqual({ state: [-15, 0], verdict: [0, 1] });
  });

  it("counts good steps and doubles after 2000", async () => {
    expect(await update([0, 0], [])).toEqual({ state: [0, 1], verdict: [2 ** -15, 2 ** 15] });
    expect(await update([-3, 1998], [])).toEqual({ state: [-3, 1999], verdict: [2 ** -12, 2 ** 12] });
    expect(await update([-3, 1999], [])).toEqual({ state: [-2, 0], verdict: [2 ** -12, 2 ** 12] });
    expect(await update([9, 1999], [])).toEqual({ state: [9, 0], verdict: [2 ** -24, 2 ** 24] });
  });

  it("takes back what a step has changed that is left out, and only then", async () => {
    const device = await testDevice();
    const revert = async (verdict: number, count: number) => {
      const current = numbers(...Array.from({ length: count }, (_, i) => (i === 1 ? Number.NaN : i)));
      const saved = numbers(...Array.from({ length: count }, (_, i) => -i));
      const inputs = { current, saved, verdict: numbers(verdict, 8) };
      const op = "revertSkipped";
      const { y } = await runOperator(device, { ...run, op, attrs: {}, inputs, outputs: ["y"] });
      return { y, current: current.data, saved: saved.data };
    };
    for (const count of [3, 300, 1024]) {
      const skipped = await revert(0, count);
      expect(skipped.y).toEqual(skipped.saved);
      const taken = await revert(0.125, count);
      expect(taken.y).toEqual(taken.current);
    }
  });
});
