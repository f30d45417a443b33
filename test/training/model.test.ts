import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.ts";
import { multiTaskLoss } from "../../src/models/multi_task.ts";
import { Model, type ModelDefinition } from "../../src/training/model.ts";
import { testDevice } from "../device.ts";

const ROWS = 64;
const heads = [{ name: "quadrant", classes: 4 }];

const network: ModelDefinition<"x" | "labels"> = {
  inputs: { x: { shape: [ROWS, 2] }, labels: { shape: [ROWS, 4] } },
  build: (layers, { x, labels }) => {
    const hidden = layers.reLU(layers.dense(x, { units: 24, name: "hidden" }));
    const logits = layers.dense(layers.dropout(hidden, { rate: 0.1 }), { units: 4, name: "logits" });
    return multiTaskLoss(layers.graph, logits, labels, heads);
  },
};

/** Points of the plane, labelled by their quadrant. */
function points(seed: number) {
  const random = new RandomStream(seed, "points");
  const x = Float32Array.from({ length: 2 * ROWS }, () => random.between(-1, 1));
  const labels = new Float32Array(4 * ROWS);
  for (let row = 0; row < ROWS; row++) {
    labels[4 * row + ((x[2 * row] ?? 0) > 0 ? 1 : 0) + ((x[2 * row + 1] ?? 0) > 0 ? 2 : 0)] = 1;
  }
  return { x, labels };
}

async function trained(device: Awaited<ReturnType<typeof testDevice>>, seed: number) {
  const model = await Model.forTraining(device, network, { learningRate: 0.02, seed });
  const losses: number[] = [];
  for (let step = 0; step < 120; step++)
    losses.push((await model.step(points(step))).loss?.[0] ?? Number.NaN);
  return { model, losses };
}

describe("Model", () => {
  it("learns, and shares its weights with a model for inference", async () => {
    const device = await testDevice();
    const before = device.allocatedBytes;
    const { model, losses } = await trained(device, 1);
    expect(losses[0]).toBeGreaterThan(1.2);
    expect(losses.at(-1)).toBeLessThan(0.35);
    const inference = await Model.forInference(device, network, model);
    const { accuracy } = await inference.step(points(1000));
    expect((accuracy?.[0] ?? 0) / (accuracy?.[1] ?? 1)).toBeGreaterThan(0.9);
    const copy = await Model.forInference(device, network, await model.readWeights());
    expect((await copy.step(points(1000))).loss).toEqual((await inference.step(points(1000))).loss);
    for (const one of [copy, inference, model]) one.destroy();
    expect(device.allocatedBytes).toBe(before);
  });

  it("is a function of its seed", async () => {
    const device = await testDevice();
    const runs = [await trained(device, 1), await trained(device, 1), await trained(device, 2)];
    expect(runs[0]?.losses).toEqual(runs[1]?.losses);
    expect(runs[0]?.losses).not.toEqual(runs[2]?.losses);
    for (const { model } of runs) model.destroy();
  });

  it("needs a loss to train", async () => {
    const lacking = { ...network, build: () => ({}) };
    await expect(Model.forTraining(await testDevice(), lacking)).rejects.toThrow(/needs an output "loss"/);
  });
});
