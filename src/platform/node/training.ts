// Training in Node: the machine as `fineTune` sees it, and `fineTune` bound to it.

import { joinPath } from "../../base/platform.ts";
import type { AdapterChoice } from "../../gpu/adapters.ts";
import type { KernelFamily } from "../../gpu/device.ts";
import { type FineTuneOptions, fineTune as fineTuneOn } from "../../training/recipe/fine_tune.ts";
import type { FineTuned } from "../../training/recipe/fine_tuned.ts";
import type { KernelTuning, TrainingEngine, TrainingPlatform } from "../../training/recipe/platform.ts";
import { measureKernels, useKeptTuning } from "../../tune/measured_kernels.ts";
import { originOf } from "../../tune/tuning_file.ts";
import { cacheFolder } from "./cache_folder.ts";
import { dawnPackage } from "./dawn_package.ts";
import { openEngine } from "./device.ts";
import { nodeFiles } from "./files.ts";
import { nodeFolders } from "./folders.ts";
import { imageChecksFile } from "./image_checks_file.ts";
import { imagenetPath } from "./imagenet_path.ts";
import { createNodeImageDecoder } from "./images.ts";
import { openKerasInWorker } from "./keras_reader.ts";
import { fileTuningStore } from "./tuning_store.ts";

/** What a person may choose of the machine. */
export interface NodeMachine {
  /** `auto` by default. */
  readonly adapter?: AdapterChoice | undefined;
  /** The family of kernels; by default that which suits the adapter. */
  readonly kernels?: KernelFamily | undefined;
  /** Images with more pixels are refused from their header; 100 million by default. */
  readonly maxPixels?: number | undefined;
}

/** What a training in Node finds. */
export type NodeTrainingPlatform = Required<TrainingPlatform>;

/** This machine: its files, its adapter, weft's cache folder. */
export function nodeTrainingPlatform({
  adapter,
  kernels,
  maxPixels,
}: NodeMachine = {}): NodeTrainingPlatform {
  return {
    device: () => openEngine({ ...(adapter && { adapter }), ...(kernels && { family: kernels }) }),
    decoder: createNodeImageDecoder({ maxPixels }),
    files: nodeFiles,
    runs: { folders: nodeFolders, rescueFolder: joinPath(cacheFolder(), "rescued") },
    openKeras: openKerasInWorker,
    imagenetFile: (network, { signal, onWarning }) => imagenetPath(network, { signal, onFaulty: onWarning }),
    kernels: NODE_KERNELS,
    imageChecksFile: (folder) => imageChecksFile(nodeFiles, folder),
  };
}

const NODE_KERNELS: KernelTuning = {
  load: (engine) => useKeptTuning(engine.device, keptFor(engine)),
  measure: async (engine, layouts, { budgetSeconds, signal, onWarning }) => {
    const { device, budgetBytes } = engine;
    const now = () => performance.now() / 1000;
    const options = { budgetSeconds, budgetBytes, signal, now };
    const { unkept } = await measureKernels(device, layouts, keptFor(engine), options);
    if (unkept !== undefined) onWarning(`the tuning table cannot be kept: ${unkept}`);
    signal?.throwIfAborted();
  },
};

function keptFor({ description }: TrainingEngine) {
  if (!description) throw new Error("an adapter of Node's is described");
  return { store: fileTuningStore(), origin: originOf(description, "fast", dawnPackage()) };
}

/** `fineTune` with Node's files, images and adapter. */
export type NodeFineTuneOptions = Omit<FineTuneOptions, "platform"> & NodeMachine;

/**
 * Trains on this machine.
 * @throws WeftError as weft's `fineTune` does, and where no adapter fits
 */
export function fineTune({
  adapter,
  kernels,
  maxPixels,
  ...options
}: NodeFineTuneOptions): Promise<FineTuned> {
  return fineTuneOn({ ...options, platform: nodeTrainingPlatform({ adapter, kernels, maxPixels }) });
}
