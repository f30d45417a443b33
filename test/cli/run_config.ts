// A run folder as far as its configuration goes: what shows networks needs no weights.

import { mobileNetV2 } from "../../src/models/mobilenet_v2.ts";
import { formatRunConfig, type TrainingRecord } from "../../src/training/run_folder.ts";
import { temporaryFolder, writeIn } from "./tiny_data.ts";

/** Writes the configuration of a run of MobileNetV2 0.35 with two heads, colour and tone. @returns its folder. */
export function runFolderOf(changes: Partial<TrainingRecord> = {}): string {
  const heads = [
    { name: "colour", classes: 3, rows: 20 },
    { name: "tone", classes: 2, rows: 14 },
  ];
  const training: TrainingRecord = {
    data: "data",
    trainingImages: 18,
    validationImages: 2,
    phases: "1x0.001",
    batchSize: 4,
    seed: 1,
    limit: null,
    dropout: 0.5,
    augment: true,
    batchNormMomentum: 0.9,
    optimizer: { name: "adam" },
    freeze: null,
    weights: null,
    ...changes,
  };
  const network = { backbone: mobileNetV2, alpha: 0.35, size: 96, heads };
  const folder = temporaryFolder();
  writeIn(folder, "config.json", formatRunConfig({ network, heads, training }));
  return folder;
}
