// An interrupted training goes on from its position, in another trainer with the same variables, to the same bits.

import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { WeftError } from "../../src/base/errors.ts";
import { BatchLoader } from "../../src/data/batches.ts";
import type { AttributeDataset, Split } from "../../src/data/dataset.ts";
import type { ImageDecoder } from "../../src/data/images.ts";
import { parseOrderState } from "../../src/data/order.ts";
import type { GpuDevice } from "../../src/gpu/device.ts";
import { Trainer, type TrainerConfig, type TrainingPosition } from "../../src/training/trainer.ts";
import { testDevice } from "../device.ts";
import { SMALL_STEP } from "./step.ts";

const IMAGES = 9;
const HEADS = [{ name: "colour", classes: 3, rows: IMAGES }];
const DATASET: AttributeDataset = {
  folder: "data",
  labelFile: "Annotations/label.csv",
  heads: HEADS,
  images: Array.from({ length: IMAGES }, (_, i) => ({
    path: `${i}`,
    line: i + 1,
    labels: [{ head: 0, letters: ["ynn", "nyn", "nny"][i % 3] ?? "", class: i % 3 }],
  })),
  badRows: [],
  notes: [],
};
const SPLIT: Split = { training: [0, 1, 2, 3, 4, 5, 6], validation: [7, 8] };
/** Image 2 is bad. */
const decoder: ImageDecoder = {
  decode: async (image, width, height) => {
    const shift = Number(/\d+$/.exec(String(image))?.[0]);
    if (shift === 2) throw new WeftError(`${String(image)}: cannot be decoded`);
    return Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * (shift + 1) * 7) % 256);
  },
};
const CONFIG: TrainerConfig = {
  ...SMALL_STEP,
  heads: HEADS,
  batchSize: 2,
  phases: [
    { epochs: 1, learningRate: 1e-3 },
    { epochs: 1, learningRate: 1e-4 },
  ],
  seed: 4,
};
/** Of each of the two epochs. */
const STEPS_AN_EPOCH = 3;

const made: Trainer[] = [];
afterEach(() => {
  for (const trainer of made.splice(0)) trainer.destroy();
});

describe("a training", () => {
  let device: GpuDevice;
  beforeAll(async () => {
    device = await testDevice();
  });

  /** Trains from a position, and stops where `stepsBefore` training steps have been taken. */
  async function train(from?: { position: TrainingPosition; variables: State }, stepsBefore = Infinity) {
    const trainer = await Trainer.create(device, CONFIG, HEADS, new Map());
    made.push(trainer);
    for (const [name, values] of from?.variables ?? []) trainer.variables.write(name, values);
    const loader = new BatchLoader(DATASET, decoder, { batchSize: 2, width: 32, height: 32, skipBad: true });
    const controller = new AbortController();
    const hooks = {
      now: () => 0,
      signal: controller.signal,
      onStep: () => {
        if ((trainer.position?.steps ?? 0) >= stepsBefore) controller.abort();
      },
    };
    const end = await trainer.train(loader, SPLIT, hooks, from?.position);
    const variables: State = await trainer.variables.read(trainer.variables.names);
    return { end, position: trainer.position, variables };
  }
  type State = ReadonlyMap<string, Float32Array>;

  it("goes on after any step to the bits of one that was never interrupted", async () => {
    const whole = await train();
    expect(whole.end).toBe("finished");
    expect(whole.position).toMatchObject({ steps: 2 * STEPS_AN_EPOCH, order: { epoch: 2, position: 7 } });
    const stopped = new Set<number>();
    for (const stepsBefore of [1, STEPS_AN_EPOCH]) {
      const { end, position, variables } = await train(undefined, stepsBefore);
      expect(end).toBe("interrupted");
      if (!position) throw new Error("no position");
      stopped.add(position.steps);
      const order = parseOrderState(JSON.parse(JSON.stringify(position.order)), "checkpoint.json");
      const rest = await train({ position: { ...position, order }, variables });
      expect(rest.end).toBe("finished");
      expect(rest.position).toEqual(whole.position);
      expect(rest.variables).toEqual(whole.variables);
    }
    expect(stopped.size).toBe(2);
  });
});
