// The split of a data set as a training uses it: every image is there, and copies of one photograph are on one side.

import type { FileSystem } from "../base/platform.ts";
import { type AttributeDataset, chooseImages, cutImages, type Split, type SplitOptions } from "./dataset.ts";
import { findIdenticalImages, identicalNotes } from "./identical_images.ts";
import { findImages } from "./missing_images.ts";

/** A split, and sentences on what was found on the way. */
export interface TrainingSplit {
  readonly split: Split;
  readonly notes: readonly string[];
}

/**
 * Chooses images, looks for their files, and cuts them into training and validation.
 * @throws WeftError if an image is missing; with `skipBad` where all are
 */
export async function splitForTraining(
  files: FileSystem,
  dataset: AttributeDataset,
  { skipBad, ...options }: SplitOptions & { skipBad?: boolean | undefined },
): Promise<TrainingSplit> {
  const chosen = chooseImages(dataset.images.length, options);
  const { facts, notes } = await findImages(files, dataset, chosen, { skipBad });
  const identical = await findIdenticalImages(files, dataset, facts);
  return {
    split: cutImages(chosen, identical),
    notes: [...notes, ...identicalNotes(dataset, identical)],
  };
}
