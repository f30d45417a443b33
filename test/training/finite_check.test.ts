// What a training keeps between steps stays finite, or the training ends and says where it went wrong.

import { afterEach, expect, it } from "vitest";
import { BatchLoader } from "../../src/data/batches.ts";
import type { AttributeDataset, Split } from "../../src/data/dataset.ts";
import type { ImageDecoder } from "../../src/data/images.ts";
import { initialValues } from "../../src/nn/initializers.ts";
import type { OptimizerConfig } from "../../src/nn/optimizers.ts";
import { Trainer, type TrainerConfig } from "../../src/training/trainer.ts";
import { testDevice } from "../device.ts";
import { SMALL_STEP } from "./step.ts";

const IMAGES = 8;
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
const SPLIT: Split = { training: [0, 1, 2, 3, 4, 5], validation: [6, 7] };
const decoder: ImageDecoder = {
  decode: async (image, width, height) => {
    const shift = Number(/\d+$/.exec(String(image))?.[0]);
    return Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * (shift + 1) * 7) % 256);
  },
};

const made: Trainer[] = [];
afterEach(() => {
  for (const trainer of made.splice(0)) trainer.destroy();
});

async function trainerWith(config: Partial<TrainerConfig>, weights = new Map<string, Float32Array>()) {
  const device = await testDevice();
  const phases = [{ epochs: 1, learningRate: 1e-4 }];
  const whole = { ...SMALL_STEP, heads: HEADS, batchSize: 2, phases, seed: 1, ...config };
  const trainer = await Trainer.create(device, whole, HEADS, weights);
  made.push(trainer);
  const loader = new BatchLoader(DATASET, decoder, { batchSize: 2, width: 32, height: 32 });
  const epochs: number[] = [];
  const onEpoch = ({ epoch }: { epoch: number }) => void epochs.push(epoch);
  return { trainer, epochs, train: () => trainer.train(loader, SPLIT, { now: () => 0, onEpoch }) };
}

it("ends a training whose loss does not show a NaN among the weights", async () => {
  const { trainer, train, epochs } = await trainerWith({});
  const conv1 = trainer.step.weights.find(({ name }) => name === "Conv1/kernel");
  if (!conv1) throw new Error("MobileNetV2 without Conv1");
  trainer.variables.write("Conv1/kernel", initialValues(conv1, 1).with(12, Number.NaN));
  await expect(train()).rejects.toThrow(
    /^\S+\[\d+\] is NaN: it became so between steps 0 and 3\. Use a smaller learning rate/,
  );
  expect(epochs).toEqual([]);
  await expect(trainer.readWeights()).rejects.toThrow(/^\S+\[\d+\] is NaN after step 3\./);
});

it.each<[string, OptimizerConfig]>([
  ["Adam's m", { name: "adam" }],
  ["Adam's v", { name: "adam" }],
  ["SGD's velocity", { name: "sgd", momentum: 0.9 }],
])("finds an infinity in %s alone", async (what, optimizer) => {
  const { trainer } = await trainerWith({ optimizer });
  const moment = what.split(" ")[1];
  const arena = `optimizer/${moment}/trainable/0`;
  const { shape } = trainer.variables.typeOf(arena);
  const values = new Float32Array(shape[0] ?? 0);
  values[values.length - 64] = Number.NEGATIVE_INFINITY;
  trainer.variables.write(arena, values);
  await expect(trainer.checkFinite()).rejects.toThrow(
    new RegExp(
      `^the optimizer's ${moment} of colour/bias\\[0\\] is -Infinity: it became so between steps 0 and 0`,
    ),
  );
});

it("finds an infinity in a moving statistic", async () => {
  const { trainer } = await trainerWith({});
  const name = "bn_Conv1/moving_variance";
  const values = new Float32Array(trainer.variables.typeOf(name).shape[0] ?? 0).fill(1);
  trainer.variables.write(name, values.with(3, Number.POSITIVE_INFINITY));
  await expect(trainer.checkFinite()).rejects.toThrow(/^bn_Conv1\/moving_variance\[3\] is Infinity/);
});

it("lets a sound training through, whatever lies in the padding", async () => {
  const { trainer, train, epochs } = await trainerWith({});
  const arena = trainer.step.trainableArenas[0];
  const bias = arena?.members.find(({ name }) => name === "colour/bias");
  if (!arena || !bias) throw new Error("the heads' bias is not trained");
  const values = new Float32Array(arena.elements).fill(Number.NaN, bias.offset + 3);
  trainer.variables.write("optimizer/m/trainable/0", values);
  await trainer.checkFinite();
  expect(await train()).toBe("finished");
  expect(epochs).toEqual([1]);
});

it.each([
  ["SGD at 1e20", { name: "sgd", momentum: 0.9 }, 1e20],
  ["Adam at 1e9", { name: "adam" }, 1e9],
] as const)("ends %s before an epoch is reported", async (_, optimizer, learningRate) => {
  const phases = [{ epochs: 20, learningRate }];
  const { train, epochs } = await trainerWith({ optimizer, phases });
  await expect(train()).rejects.toThrow(/(between steps \d+ and \d+|in epoch \d+, step \d+)\. Use a smaller/);
  expect(epochs.length).toBeLessThan(20);
});
