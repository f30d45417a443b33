// fineTune with nothing but a device: a data set made in memory, no file read, none written.

import { describe, expect, it } from "vitest";
import { type FineTuneOptions, fineTune } from "../../../src/training/recipe/fine_tune.ts";
import type { EpochReport } from "../../../src/training/trainer.ts";
import { testDevice } from "../../device.ts";
import { TINY, tinyDecoder, tinySet } from "./tiny_set.ts";

const device = await testDevice();
const platform = { device, decoder: tinyDecoder };
const train = (more: Partial<FineTuneOptions> = {}) =>
  fineTune({ data: tinySet(20), platform, ...TINY, ...more });

describe("fineTune without files", () => {
  it("trains a data set of the caller's, predicts, evaluates, and frees what it took", async () => {
    const before = device.allocatedBytes;
    const told: EpochReport[] = [];
    const run = await train({ phases: "2@1e-3", onEpoch: (report) => void told.push(report) });
    expect(run.end).toBe("finished");
    expect(run.metrics).toEqual(told);
    expect(told.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(run.kept.folder).toBeUndefined();

    const answers = await run.predict([3, "square 3", Uint8Array.of(3), "square 4"]);
    const [byIndex, byPath, byBytes, other] = answers;
    expect(Object.keys(byIndex ?? {})).toEqual(["colour", "tone"]);
    expect(byIndex?.colour).toHaveLength(3);
    expect(byIndex?.tone?.reduce((sum, value) => sum + value)).toBeCloseTo(1, 5);
    expect(byPath).toEqual(byIndex);
    expect(byBytes).toEqual(byIndex);
    expect(other).not.toEqual(byIndex);

    const { images, metrics } = await run.evaluate();
    expect(images).toBe(4);
    expect(metrics.loss).toBeCloseTo(told.at(-1)?.validation.loss ?? 0, 5);
    const all = await run.evaluate({ data: tinySet(12) });
    expect(all.labelledRows).toEqual({ colour: 12, tone: 8 });
    await expect(run.evaluate({ data: { ...tinySet(3), heads: [] } })).rejects.toThrow(
      "the data set has other heads than the network; expected colour (3), tone (2)",
    );
    await expect(run.predict([99])).rejects.toThrow("there is no image 99; the data set has images 0 to 19");
    await expect(run.save("somewhere")).rejects.toThrow("somewhere: files cannot be written here");

    expect((await run.readWeights()).size).toBe(264);
    run.destroy();
    expect(device.allocatedBytes).toBe(before);
  });

  it("gives the same weights for the same seed", async () => {
    const weightsOf = async () => {
      const run = await train({ seed: 5 });
      const weights = await run.readWeights();
      run.destroy();
      return weights;
    };
    expect(await weightsOf()).toEqual(await weightsOf());
  });

  it("ends after the step in hand when its signal says so, and keeps what was trained", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const run = await train({ phases: "100@1e-3", signal, onEpoch: () => controller.abort() });
    expect(run.end).toBe("interrupted");
    expect(run.metrics).toHaveLength(1);
    expect(await run.predict([0])).toHaveLength(1);
    run.destroy();
  });

  it("throws the signal's reason before the first step, and leaves nothing on the device", async () => {
    const before = device.allocatedBytes;
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error("not today");
    await expect(train({ signal, onPipelines: () => controller.abort(reason) })).rejects.toBe(reason);
    await expect(train({ signal })).rejects.toBe(reason);
    expect(device.allocatedBytes).toBe(before);
  });
});

it("takes an option of its table to where it is used, and into the record", async () => {
  const optimizers = [
    [{ optimizer: "sgd" }, { name: "sgd", momentum: 0.9 }],
    [
      { optimizer: "sgd", momentum: 0.5 },
      { name: "sgd", momentum: 0.5 },
    ],
    [
      { optimizer: "rmsprop", momentum: 0.5, weightDecay: 0.1 },
      { name: "rmsprop", momentum: 0.5, weightDecay: 0.1 },
    ],
  ] as const;
  const weights: Float32Array[] = [];
  for (const [given, recorded] of optimizers) {
    const run = await train(given);
    expect(run.config.training.optimizer).toEqual(recorded);
    weights.push((await run.readWeights()).get("colour/kernel") ?? new Float32Array());
    run.destroy();
  }
  expect(new Set(weights.map((values) => values.join())).size).toBe(3);
});

describe("fineTune refuses", () => {
  it.each([
    [{ batch: 0 }, "batch expects a whole number from 1, received 0"],
    [{ size: 16 }, "size expects at least 32 for MobileNetV2, received 16"],
    [{ backbone: "ResNet50" }, "alpha 0.35: ResNet50 has no width to choose. Leave alpha out."],
    [{ bacth: 8 }, "there is no option bacth"],
    [{ data: "photos" }, "photos: folders cannot be read here; give a data set and a decoder"],
    [{ data: tinySet(0) }, "the data set has no images"],
    [{ data: { ...tinySet(1), heads: [] } }, "the data set has no heads"],
    [
      { data: { ...tinySet(1), heads: [{ name: "colour", classes: 0, rows: 1 }] } },
      "square 0: class 0 of head 0; expected 1 heads, this one with 0 classes",
    ],
    [{ out: "run" }, "out run: runs cannot be written here"],
    [{ weights: "file.h5" }, "weights file.h5: files cannot be read here"],
    [{ momentum: 0.9 }, "momentum 0.9: adam has none; it belongs to sgd and rmsprop. Leave momentum out."],
    [{ tune: 1 }, "tune cannot be done here: nothing keeps measured kernels"],
    [{ platform: { device } }, "there is nothing that decodes images: give a decoder"],
  ])("%o", async (more, message) => {
    await expect(train(more as Partial<FineTuneOptions>)).rejects.toThrow(message);
  });
});
