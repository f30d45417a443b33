// What `config.json` says of a training.

import { changedChoices } from "../../graph/choices.ts";
import type { TrainingRecord } from "../run_folder.ts";
import type { TrainingLayout } from "../training_layout.ts";
import type { PreparedTraining } from "./prepare.ts";
import { recordedSettings } from "./settings.ts";

export function trainingRecord(
  { config, settings, split, dataset }: PreparedTraining,
  { layouts }: TrainingLayout,
): TrainingRecord {
  return {
    data: dataset.folder,
    trainingImages: split.training.length,
    validationImages: split.validation.length,
    ...recordedSettings(settings),
    optimizer: config.optimizer,
    kernels: changedChoices(layouts.flatMap(({ choices }) => choices)),
  };
}
