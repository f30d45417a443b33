// A run folder as far as its configuration goes: what shows networks needs no weights.

import { formatRunConfig, type TrainingRecord } from "../../src/training/run_folder.ts";
import { smallRunConfig } from "../training/run_config.ts";
import { temporaryFolder, writeIn } from "./tiny_data.ts";

/** Writes the configuration of a run on images of 96 x 96 with two heads, colour and tone. @returns its folder. */
export function runFolderOf(changes: Partial<TrainingRecord> = {}): string {
  const folder = temporaryFolder();
  writeIn(folder, "config.json", formatRunConfig(smallRunConfig({ size: 96, training: changes })));
  return folder;
}
