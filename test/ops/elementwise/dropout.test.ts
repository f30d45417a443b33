// dropout against its generator computed on the host: the same mask forward and backward, another one for
// another seed, step or salt, and as many zeros as the rate says.
import { describe, expect, it } from "vitest";
import { mix32 } from "../../../src/base/random.ts";
import { testDevice } from "../../device.ts";
import { type HostTensor, runOperator } from "../../golden/runner/run_operator.ts";
import { expectMatch } from "../../reference/compare.ts";

const SHAPE = [37, 29];
const COUNT = 37 * 29;

/** Whether element i is kept, as shaders/elementwise/dropout.wesl draws it. */
function isKept(i: number, [seed, step]: readonly [number, number], salt: number, rate: number): boolean {
  const key = mix32(mix32((seed ^ salt) >>> 0) ^ step);
  const bits = mix32((mix32((i ^ key) >>> 0) + key) >>> 0);
  return Math.floor(bits / 256) / 16777216 >= rate;
}

const x: HostTensor = { shape: SHAPE, data: Float32Array.from({ length: COUNT }, (_, i) => i / 100 - 3.105) };
const dy: HostTensor = { shape: SHAPE, data: Float32Array.from({ length: COUNT }, (_, i) => 2 - i / 300) };

async function run(
  seed: readonly [number, number],
  attrs: { rate: number; salt?: number; perSample?: boolean },
) {
  return runOperator(await testDevice(), {
    op: "dropout",
    attrs,
    inputs: { x, seed: { shape: [2], data: Uint32Array.from(seed) } },
    outputs: ["y"],
    grads: ["dx"],
    upstream: { dy },
  });
}

describe("dropout", () => {
  it.each([0, 0.2, 0.5, 0.9])("drops and scales by the generator's numbers, rate %d", async (rate) => {
    const seed = [77, 3] as const;
    const got = await run(seed, { rate, salt: 5 });
    const dropped = (values: HostTensor) => ({
      shape: SHAPE,
      data: Array.from(values.data, (value, i) => (isKept(i, seed, 5, rate) ? value / (1 - rate) : 0)),
    });
    expectMatch("y", { shape: SHAPE, data: got.y ?? [] }, dropped(x));
    expectMatch("dx", { shape: SHAPE, data: got.dx ?? [] }, dropped(dy));
  });

  it("draws the same mask again, and another for another seed, step or salt", async () => {
    const rate = 0.5;
    const first = await run([1, 2], { rate, salt: 3 });
    expect((await run([1, 2], { rate, salt: 3 })).y).toEqual(first.y);
    for (const other of [
      run([9, 2], { rate, salt: 3 }),
      run([1, 9], { rate, salt: 3 }),
      run([1, 2], { rate, salt: 9 }),
    ]) {
      expect((await other).y).not.toEqual(first.y);
    }
  });

  it("drops whole samples where asked", async () => {
    const seed = [5, 6] as const;
    const got = await run(seed, { rate: 0.4, salt: 1, perSample: true });
    const data = Array.from(x.data, (value, i) => {
      return isKept(Math.floor(i / 29), seed, 1, 0.4) ? value / 0.6 : 0;
    });
    expectMatch("y", { shape: SHAPE, data: got.y ?? [] }, { shape: SHAPE, data });
    expect(new Set(data.map((value) => value === 0)).size).toBe(2);
  });

  it("drops as often as the rate says", async () => {
    const { y = [] } = await run([123, 4], { rate: 0.3 });
    const zeros = Array.from(y).filter((value) => value === 0).length;
    const deviation = Math.sqrt(COUNT * 0.3 * 0.7);
    expect(Math.abs(zeros - 0.3 * COUNT)).toBeLessThan(4 * deviation);
  });

  it("refuses a rate of 1", async () => {
    await expect(run([1, 2], { rate: 1 })).rejects.toThrow(/dropout: rate expects/);
  });
});
