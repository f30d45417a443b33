import { describe, expect, it } from "vitest";
import { mobileNetV2 } from "../../src/models/mobilenet_v2.ts";
import { initialValues } from "../../src/nn/initializers.ts";
import { layOutFitting } from "../../src/training/memory_fit.ts";
import { Trainer, type TrainerConfig } from "../../src/training/trainer.ts";
import { layOutTraining } from "../../src/training/training_layout.ts";
import { testDevice } from "../device.ts";

const heads = [{ name: "colour", classes: 3, rows: 20 }];
const config: TrainerConfig = {
  backbone: mobileNetV2,
  alpha: 0.35,
  size: 32,
  heads,
  batchSize: 4,
  dropout: 0.5,
  batchNormMomentum: 0.9,
  augment: true,
  freezeBackbone: false,
  optimizer: { name: "adam" },
  phases: [{ epochs: 1, learningRate: 1e-3 }],
  seed: 1,
};

describe("layOutTraining", () => {
  it("states the bytes that a trainer then allocates", async () => {
    const device = await testDevice();
    const layout = layOutTraining(config, device.facts);
    const before = device.allocatedBytes;
    const trainer = await Trainer.create(device, config, heads, new Map(), { layout });
    expect(device.allocatedBytes - before).toBe(layout.totalBytes - layout.readBackBytes);
    const weights = await trainer.readWeights();
    const kernel = layout.training.weights.find(({ name }) => name === "colour/kernel");
    expect(weights.get("colour/kernel")).toEqual(kernel && initialValues(kernel, 1));
    trainer.destroy();
    expect(device.allocatedBytes).toBe(before);
  });
});

describe("layOutFitting", () => {
  it("names the largest batch that fits a budget, and that one does", async () => {
    const { facts } = await testDevice();
    const layOut = (batchSize: number) => layOutTraining({ ...config, batchSize }, facts);
    const budgetBytes = layOut(10).totalBytes + 1;
    const limits = { facts, budgetBytes };
    expect(() => layOutFitting(64, layOut, limits)).toThrow(
      /^a batch of 64 does not fit the adapter: it takes .*; the largest that fits is 10\. Use batch: 10 or a smaller size\.$/,
    );
    expect(layOutFitting(10, layOut, limits).totalBytes).toBeLessThan(budgetBytes);
    expect(() => layOutFitting(11, layOut, limits)).toThrow(/; the largest that fits is 10\./);
    expect(() => layOutFitting(4, layOut, { facts, budgetBytes: 1 })).toThrow(/^not even one image/);
  });

  it("knows the adapter's limits of a buffer and of a binding", async () => {
    const { facts } = await testDevice();
    for (const limit of ["maxBufferBytes", "maxBindingBytes"] as const) {
      const narrow = { ...facts, [limit]: 4_000_000 };
      const layOut = (batchSize: number) => layOutTraining({ ...config, batchSize }, narrow);
      expect(() => layOutFitting(4096, layOut, { facts: narrow })).toThrow(
        /; the largest that fits is \d+\. Use batch: \d+ or a smaller size\.$/,
      );
    }
  });
});
