// What `predict` and `evaluate` share: a run's network compiled for a data set's images.

import { resolve } from "node:path";
import { WeftError } from "../base/errors.ts";
import { type FileFacts, joinPath } from "../base/platform.ts";
import { type BadImage, BatchLoader } from "../data/batches.ts";
import { concurrentMap } from "../data/concurrent_map.ts";
import type { AttributeDataset } from "../data/dataset.ts";
import type { ImageDecoder } from "../data/images.ts";
import { nodeFiles } from "../platform/node/files.ts";
import { Predictor } from "../training/inference.ts";
import { CONFIG_FILE, METRICS_FILE, type SavedRun, WEIGHTS_FILE } from "../training/run_folder.ts";
import { sayNotes } from "./data_notes.ts";
import { adapterLine, type Engine } from "./engine.ts";
import type { AdapterOption, ImageOptions } from "./options.ts";
import { counted, say, sayField, styleOf } from "./terminal.ts";
import { useStoredTuning } from "./tuning.ts";

const FILES_AT_ONCE = 64;

/** Options of both commands; absent where the command line is silent. */
export interface RunOptions extends AdapterOption, ImageOptions {
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

/** What a predictor is to see. */
export interface PredictedImages {
  readonly dataset: AttributeDataset;
  readonly decoder: ImageDecoder;
  /** Indices of the images, already found good. */
  readonly images: readonly number[];
}

/** Compiles a run's network for a data set and says so. */
export async function openPredictor(
  engine: Engine,
  run: SavedRun,
  { dataset, decoder, images }: PredictedImages,
  options: RunOptions,
): Promise<RunPredictor> {
  const { network, training } = run;
  const { size } = network;
  const batchSize = options.batch ?? Math.min(training.batchSize, images.length);
  await useStoredTuning(engine);
  const { device, budgetBytes } = engine;
  sayField("adapter", adapterLine(engine.description));
  sayField("model", `${run.folder}: ${network.backbone.name}, ${size} x ${size} pixels`);
  const { folder, labelFile } = dataset;
  const count = counted(images.length, "image");
  sayField("data", labelFile === "" ? count : `${folder}: ${count} of ${labelFile}`);
  sayNotes(dataset.notes);
  const predictor = await Predictor.create(device, network, run.weights, { batchSize, budgetBytes });
  const loader = new BatchLoader(dataset, decoder, {
    batchSize,
    width: size,
    height: size,
    ...(options.skipBad && { skipBad: true }),
  });
  return { predictor, loader };
}

/**
 * Looks whether a file of answers can be written, before anything is computed.
 * @param inputs files that the answers come from, and that they must not replace
 * @throws WeftError where it cannot or may not be
 */
export async function requireWritable(path: string, inputs: readonly string[]): Promise<void> {
  const facts = await nodeFiles.facts(path);
  if (!facts) {
    await nodeFiles.writeFile(path, "");
    await nodeFiles.remove(path);
    return;
  }
  if (!facts.isRegularFile) throw new WeftError(`${path}: is a folder, a pipe or a device; expected a file`);
  const isInput = await concurrentMap(inputs, FILES_AT_ONCE, async (input) => {
    return resolve(input) === resolve(path) || isSameFile(facts, await nodeFiles.facts(input));
  });
  if (isInput.includes(true)) {
    throw new WeftError(`${path}: the answers would replace what they come from; choose another --out`);
  }
  await nodeFiles.appendFile(path, "");
}

/** Whether two names are one file. File systems without inodes say 0. */
function isSameFile(a: FileFacts, b: FileFacts | undefined): boolean {
  return a.inode !== 0n && a.inode === b?.inode && a.device === b.device;
}

/** The files that make a run. */
export const filesOfRun = ({ folder }: SavedRun): string[] =>
  [CONFIG_FILE, METRICS_FILE, WEIGHTS_FILE].map((name) => joinPath(folder, name));

/** Indices of all images of a data set. */
export const allImages = ({ images }: AttributeDataset): number[] => images.map((_, index) => index);

/** Says how many images were left out, where some were. */
export function sayBadImages({ badImages }: { readonly badImages: readonly BadImage[] }): void {
  if (badImages.length === 0) return;
  const { yellow } = styleOf(process.stderr);
  say(yellow(`${counted(badImages.length, "bad image")} left out, first ${badImages[0]?.message}`));
}
