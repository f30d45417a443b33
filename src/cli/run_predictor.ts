// What `predict` and `evaluate` share: a run's network compiled for a data set's images.

import { BatchLoader } from "../data/batches.ts";
import type { AttributeDataset } from "../data/dataset.ts";
import { createNodeImageDecoder } from "../platform/node/images.ts";
import { Predictor } from "../training/inference.ts";
import type { SavedRun } from "../training/run_folder.ts";
import { sayNotes } from "./data_notes.ts";
import { adapterLine, type Engine } from "./engine.ts";
import type { AdapterOption } from "./options.ts";
import { counted, say, sayField, styleOf } from "./terminal.ts";
import { useStoredTuning } from "./tuning.ts";

/** Options of both commands; absent where the command line is silent. */
export interface RunOptions extends AdapterOption {
  readonly model?: string;
  readonly data?: string;
  readonly batch?: number;
  readonly skipBad?: boolean;
  readonly json?: boolean;
}

/** A compiled predictor and the loader of the images it is to see. */
export interface RunPredictor {
  readonly predictor: Predictor;
  readonly loader: BatchLoader;
}

/** Compiles a run's network for a data set and says so. */
export async function openPredictor(
  engine: Engine,
  run: SavedRun,
  dataset: AttributeDataset,
  options: RunOptions,
): Promise<RunPredictor> {
  const { network, training } = run;
  const { size } = network;
  const images = dataset.images.length;
  const batchSize = options.batch ?? Math.min(training.batchSize, images);
  await useStoredTuning(engine);
  const { device, budgetBytes } = engine;
  sayField("adapter", adapterLine(engine.description));
  sayField("model", `${run.folder}: ${network.backbone.name}, ${size} x ${size} pixels`);
  sayField("data", `${dataset.folder}: ${counted(images, "image")} of ${dataset.labelFile}`);
  sayNotes(dataset.notes);
  const predictor = await Predictor.create(device, network, run.weights, { batchSize, budgetBytes });
  const loader = new BatchLoader(dataset, createNodeImageDecoder(), {
    batchSize,
    width: size,
    height: size,
    ...(options.skipBad && { skipBad: true }),
  });
  return { predictor, loader };
}

/** Indices of all images of a data set. */
export const allImages = ({ images }: AttributeDataset): number[] => images.map((_, index) => index);

/** Says how many images were left out, where some were. */
export function sayBadImages({ badImages }: BatchLoader): void {
  if (badImages.length === 0) return;
  const { yellow } = styleOf(process.stderr);
  say(yellow(`${counted(badImages.length, "bad image")} left out, first ${badImages[0]?.message}`));
}
