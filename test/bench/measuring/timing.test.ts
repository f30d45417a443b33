// Samples: how many, and how long.
import { describe, expect, it } from "vitest";
import { timeSamples } from "../../../kernels-bench/measuring/timing.ts";

describe("timing", () => {
  it("repeats what is short until a sample is long enough, and samples for the time that was asked for", async () => {
    const asked: number[] = [];
    const sample = async (repetitions: number) => {
      asked.push(repetitions);
      return { wallMs: 0.5 * repetitions, gpuMs: 0.25 * repetitions };
    };
    const { wallMs, gpuMs } = await timeSamples(sample, { seconds: 1, sampleMs: 40 });
    expect(asked.at(-1)).toBe(80);
    expect(wallMs.length).toBe(25);
    expect([...new Set(wallMs)]).toEqual([0.5]);
    expect([...new Set(gpuMs)]).toEqual([0.25]);
  });

  it("is content with few samples of what takes long", async () => {
    const sample = async () => ({ wallMs: 15_000, gpuMs: undefined });
    expect((await timeSamples(sample)).wallMs.length).toBe(3);
  });
});
