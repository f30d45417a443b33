// What a training leaves: a network that predicts, is evaluated, saved and exported, and how it came about.

import { WeftError } from "../../base/errors.ts";
import { joinPath } from "../../base/platform.ts";
import { type BadImage, BatchLoader } from "../../data/batches.ts";
import { type AttributeDataset, loadDataset } from "../../data/dataset.ts";
import type { ImageDecoder } from "../../data/images.ts";
import { pictureSet } from "../../data/pictures.ts";
import type { EvaluationResult, PredictionHooks } from "../inference.ts";
import type { NetworkConfig } from "../network.ts";
import { type RunConfig, writeRun } from "../run_folder.ts";
import type { KeptRun } from "../run_folder_writer.ts";
import type { EpochReport, Trainer, TrainingEnd } from "../trainer.ts";
import type { TrainingPlatform } from "./platform.ts";
import type { PreparedTraining } from "./prepare.ts";

/** An image: its path, the bytes of its file, or its index in the training's data set. */
export type ImageSource = string | Uint8Array | number;

/** Class probabilities of an image, by the names of the heads. */
export type ImageAnswer = Readonly<Record<string, Float32Array>>;

/** What is evaluated: by default the validation images of the training's own data set. */
export interface EvaluatedImages extends PredictionHooks {
  /** A data folder or another data set of the same heads. */
  readonly data?: string | AttributeDataset;
  /** Indices of images; by default all of `data`. */
  readonly images?: readonly number[];
}

/** How a training ended. */
export interface TrainingOutcome {
  readonly end: TrainingEnd;
  readonly metrics: readonly EpochReport[];
  /** What became of the run's files; nothing is kept without `out`. */
  readonly kept: KeptRun;
  /** Images that were left out because they could not be decoded. */
  readonly badImages: readonly BadImage[];
}

/** What a result is made of. */
export interface FineTunedParts {
  readonly trainer: Trainer;
  readonly prepared: PreparedTraining;
  readonly config: RunConfig;
  readonly decoder: ImageDecoder;
  readonly platform: TrainingPlatform;
  /** Closes the device where it was opened for the training. */
  readonly close: () => void;
}

/** A trained network on its device. `destroy` frees it. */
export class FineTuned implements TrainingOutcome {
  readonly end: TrainingEnd;
  readonly metrics: readonly EpochReport[];
  readonly kept: KeptRun;
  readonly badImages: readonly BadImage[];

  /** Use `fineTune`. */
  constructor(
    outcome: TrainingOutcome,
    private readonly parts: FineTunedParts,
  ) {
    this.end = outcome.end;
    this.metrics = outcome.metrics;
    this.kept = outcome.kept;
    this.badImages = outcome.badImages;
  }

  /** Backbone, size and heads. */
  get network(): NetworkConfig {
    return this.parts.config.network;
  }

  /** What `config.json` of its run holds. */
  get config(): RunConfig {
    return this.parts.config;
  }

  /**
   * The data set, as far as its images could be used, which of them were for training and for validation, and what is to
   * be known of them.
   */
  get data(): Pick<PreparedTraining, "dataset" | "split" | "notes"> {
    return this.parts.prepared;
  }

  /**
   * Predicts images.
   * @returns for each the probabilities of the classes, by head
   * @throws WeftError naming an image that is missing or cannot be decoded
   */
  async predict(images: readonly ImageSource[], hooks: PredictionHooks = {}): Promise<ImageAnswer[]> {
    const { prepared, decoder } = this.parts;
    const names = images.map((image, place) => {
      if (typeof image === "string") return image;
      return typeof image === "number" ? pathOf(prepared.dataset, image) : `images[${place}]`;
    });
    const bytes = new Map(
      images.flatMap((image, i) => (image instanceof Uint8Array ? [[names[i], image] as const] : [])),
    );
    const byName: ImageDecoder = {
      decode: (name, width, height) => {
        return decoder.decode(typeof name === "string" ? (bytes.get(name) ?? name) : name, width, height);
      },
    };
    const { heads } = this.network;
    const predictor = this.parts.trainer.predictor();
    const loader = this.loaderOf(pictureSet(names, heads), byName);
    const found = await predictor.predict(loader, [...names.keys()], hooks);
    return images.map((_, place) => {
      const probabilities = found.get(place) ?? [];
      return Object.fromEntries(
        heads.map(({ name }, head) => [name, probabilities[head] ?? new Float32Array()]),
      );
    });
  }

  /** Losses and accuracies over labelled images. */
  async evaluate({ data, images, ...hooks }: EvaluatedImages = {}): Promise<EvaluationResult> {
    const { prepared, decoder, config, trainer } = this.parts;
    const dataset = data === undefined ? prepared.dataset : await this.datasetOf(data);
    const own = data === undefined ? prepared.split.validation : [...dataset.images.keys()];
    const batches = this.loaderOf(dataset, decoder).epoch(images ?? own, { signal: hooks.signal });
    return trainer.predictor().evaluate(batches, config.heads, hooks);
  }

  /** The weights by `layer/weight`. @throws WeftError where one is not finite */
  readWeights(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    return this.parts.trainer.readWeights();
  }

  /** Writes the network as a run folder, which `readRun` and the command line read. */
  async save(folder: string): Promise<void> {
    const { platform, config } = this.parts;
    if (!platform.files) throw new WeftError(`${folder}: files cannot be written here`);
    await writeRun(platform.files, folder, config, await this.readWeights());
  }

  /** Frees the GPU's memory, and the device where the training has opened it. */
  destroy(): void {
    this.parts.trainer.destroy();
    this.parts.close();
  }

  private async datasetOf(data: string | AttributeDataset): Promise<AttributeDataset> {
    const { files } = this.parts.platform;
    const { heads } = this.network;
    if (typeof data === "string") {
      if (!files) throw new WeftError(`${data}: folders cannot be read here; give a data set`);
      return loadDataset(files, data, { heads });
    }
    const isSame = data.heads.every(({ name, classes }, head) => {
      return heads[head]?.name === name && heads[head]?.classes === classes;
    });
    if (!isSame || data.heads.length !== heads.length) {
      const names = heads.map(({ name, classes }) => `${name} (${classes})`).join(", ");
      throw new WeftError(`the data set has other heads than the network; expected ${names}`);
    }
    return data;
  }

  private loaderOf(dataset: AttributeDataset, decoder: ImageDecoder): BatchLoader {
    const { size } = this.network;
    const { batchSize } = this.parts.prepared.config;
    return new BatchLoader(dataset, decoder, { batchSize, width: size, height: size });
  }
}

function pathOf({ folder, images }: AttributeDataset, index: number): string {
  const image = images[index];
  if (!image) {
    throw new WeftError(`there is no image ${index}; the data set has images 0 to ${images.length - 1}`);
  }
  return joinPath(folder, image.path);
}
