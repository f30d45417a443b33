// What of a training is kept when it ends before its time: the device is lost, numbers are no longer finite, or
// anything else throws.

import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { WeftError } from "../../src/base/errors.ts";
import { BatchLoader } from "../../src/data/batches.ts";
import type { AttributeDataset } from "../../src/data/dataset.ts";
import { DeviceLostError } from "../../src/gpu/device_loss.ts";
import { openDevice } from "../../src/platform/node/device.ts";
import { nodeFiles } from "../../src/platform/node/files.ts";
import { nodeFolders } from "../../src/platform/node/folders.ts";
import { DivergenceError } from "../../src/training/divergence.ts";
import { readRun } from "../../src/training/run_folder.ts";
import { RunWriter } from "../../src/training/run_folder_writer.ts";
import { recordTraining } from "../../src/training/run_recording.ts";
import { type EpochReport, Trainer, type TrainerHooks } from "../../src/training/trainer.ts";
import { smallRunConfig } from "./run_config.ts";

const run = smallRunConfig();
const heads = [...run.heads];
const IMAGES = 8;
const DATASET: AttributeDataset = {
  folder: "data",
  labelFile: "Annotations/label.csv",
  heads,
  images: Array.from({ length: IMAGES }, (_, i) => ({
    path: `${i}`,
    line: i + 1,
    labels: [i % 3, i % 2].map((label, head) => {
      const letters = Array.from({ length: heads[head]?.classes ?? 0 }, (_, c) => (c === label ? "y" : "n"));
      return { head, letters: letters.join(""), class: label };
    }),
  })),
  badRows: [],
  notes: [],
};
const SPLIT = { training: [0, 1, 2, 3, 4, 5], validation: [6, 7] };
const decoder = {
  decode: async (image: string | Uint8Array, width: number, height: number) => {
    const shift = Number(/\d+$/.exec(String(image))?.[0]);
    return Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * (shift + 1) * 7) % 256);
  },
};

/** A training of many epochs on a device of its own, recorded in a new folder. */
async function record(disturb: (trainer: Trainer, report: EpochReport) => void, onStep = () => {}) {
  const device = await openDevice({ adapter: process.env.WEFT_TEST_ADAPTER ?? "auto" });
  const config = {
    ...run.network,
    batchSize: 2,
    dropout: 0.5,
    batchNormMomentum: 0.9,
    augment: true,
    freezeBackbone: false,
    optimizer: { name: "adam" } as const,
    phases: [{ epochs: 50, learningRate: 1e-4 }],
    seed: 1,
  };
  const trainer = await Trainer.create(device, config, heads, new Map());
  const loader = new BatchLoader(DATASET, decoder, { batchSize: 2, width: 32, height: 32 });
  const folder = join(mkdtempSync(join(tmpdir(), "weft-test-")), "run");
  const place = { folder, isDrawn: false, overwrite: false };
  const warnings: string[] = [];
  const warn = (text: string) => void warnings.push(text);
  const writer = await RunWriter.start(nodeFolders, place, run, trainer.step.weights, {
    remark: warn,
    warn,
    rescueFolder: `${folder}-rescued`,
  });
  const outcome = await recordTraining(writer, trainer, (saveEpoch) => {
    const onEpoch: TrainerHooks["onEpoch"] = async (report) => {
      await saveEpoch(report);
      disturb(trainer, report);
    };
    return trainer.train(loader, SPLIT, { now: () => 0, onEpoch, onStep });
  });
  const isUsable = await trainer.checkFinite().then(
    () => true,
    () => false,
  );
  trainer.destroy();
  device.destroy();
  expect(warnings).toEqual([]);
  const lines = readFileSync(join(folder, "metrics.jsonl"), "utf8").trimEnd().split("\n").length;
  return { outcome, folder, lines, isUsable };
}

const faultOf = (outcome: { end: string; fault?: unknown }) => outcome.fault;

it("keeps the weights of the last epoch when the device is lost", async () => {
  const { outcome, folder, lines } = await record((trainer, { epoch }) => {
    if (epoch === 2) trainer.variables.device.raw.destroy();
  });
  expect(faultOf(outcome)).toBeInstanceOf(DeviceLostError);
  expect(outcome.kept).toEqual({ folder, stage: "of epoch 2", isMisplaced: false });
  expect(lines).toBe(2);
  expect((await readRun(nodeFiles, folder)).weights.size).toBe(264);
  expect(readdirSync(folder).sort()).toEqual(["config.json", "metrics.jsonl", "weights.safetensors"]);
});

it("keeps them as well when the device is lost in the midst of an epoch", async () => {
  let device: { destroy(): void } | undefined;
  let steps = 0;
  const { outcome, folder } = await record(
    (trainer) => {
      device = trainer.variables.device.raw;
    },
    () => {
      if (++steps > 9) device?.destroy();
    },
  );
  expect(faultOf(outcome)).toBeInstanceOf(DeviceLostError);
  expect(outcome.kept).toEqual({
    folder,
    stage: expect.stringMatching(/^of epoch \d+$/),
    isMisplaced: false,
  });
});

it("saves what there is when anything else throws", async () => {
  const { outcome, folder } = await record((_, { epoch }) => {
    if (epoch === 2) throw new WeftError("an image went");
  });
  expect(faultOf(outcome)).toEqual(new WeftError("an image went"));
  expect(outcome.kept).toEqual({ folder, stage: "from within epoch 3", isMisplaced: false });
});

it("leaves good weights in their place when the present ones are not finite", async () => {
  const spoil = (trainer: Trainer) => {
    const weight = trainer.step.weights.find(({ name }) => name === "Conv1/kernel");
    if (!weight) throw new Error("MobileNetV2 without Conv1");
    const count = weight.shape.reduce((product, extent) => product * extent, 1);
    trainer.variables.write("Conv1/kernel", new Float32Array(count).fill(Number.NaN));
  };
  const found = await record((trainer, { epoch }) => {
    if (epoch === 2) spoil(trainer);
  });
  expect(faultOf(found.outcome)).toBeInstanceOf(DivergenceError);
  expect(found.outcome.kept.stage).toBe("of epoch 2");
  const thrown = await record((trainer, { epoch }) => {
    if (epoch !== 2) return;
    spoil(trainer);
    throw new WeftError("an image went");
  });
  expect(faultOf(thrown.outcome)).toEqual(new WeftError("an image went"));
  expect(thrown.isUsable).toBe(false);
  expect(thrown.outcome.kept.stage).toBe("of epoch 2");
  const { weights } = await readRun(nodeFiles, thrown.folder);
  expect(weights.get("Conv1/kernel")?.every(Number.isFinite)).toBe(true);
});
