// Recomputing: the same training to the last bit, in less memory.

import { describe, expect, it } from "vitest";
import { backboneNamed } from "../../src/models/backbones.ts";
import { RECOMPUTE_CHOICES, type Recompute } from "../../src/passes/recompute.ts";
import type { TrainingStepConfig } from "../../src/training/network.ts";
import { layOutTrainingStep } from "../../src/training/network.ts";
import { testDevice } from "../device.ts";
import { SMALL_STEP, startStep, stepInputs } from "../training/step.ts";

async function train(config: TrainingStepConfig) {
  const { plan, store, step } = await startStep(await testDevice(), config);
  try {
    plan.poison();
    const losses: (Float32Array | undefined)[] = [];
    for (let i = 0; i < 3; i++) losses.push((await plan.run(stepInputs(config, i, i === 1 ? 3 : 4))).loss);
    return { losses, weights: await store.read(step.weights.map(({ name }) => name)) };
  } finally {
    plan.destroy();
    store.destroy();
  }
}

/** A step whose activations outweigh its weights. */
async function valueBytes(backbone: string, recompute: Recompute): Promise<number> {
  const config = { ...SMALL_STEP, backbone: backboneNamed(backbone), size: 96, batchSize: 8, recompute };
  const { facts } = await testDevice();
  return layOutTrainingStep(config, facts).layout.statistics.valueBytes;
}

describe("recomputing", () => {
  it.each(["cheap", "blocks"] as const)("%s values changes no bit of a training", async (recompute) => {
    const kept = await train(SMALL_STEP);
    const again = await train({ ...SMALL_STEP, recompute });
    expect(again.losses).toEqual(kept.losses);
    expect(again.weights).toEqual(kept.weights);
  });

  it("saves memory, blocks more than cheap values alone", async () => {
    const [nothing = 0, cheap = 0, blocks = 0] = await Promise.all(
      RECOMPUTE_CHOICES.map((choice) => valueBytes("MobileNetV2", choice)),
    );
    expect(cheap).toBeLessThan(0.75 * nothing);
    expect(blocks).toBeLessThan(0.9 * cheap);
  });
});
