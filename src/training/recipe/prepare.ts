// A training that is ready to be laid out: every choice is settled, the images are there, the weights are read.

import { WeftError } from "../../base/errors.ts";
import type { FileSystem } from "../../base/platform.ts";
import { type AttributeDataset, chooseImages, cutImages, type Split } from "../../data/dataset.ts";
import { coverageOf } from "../../data/label_coverage.ts";
import { splitForTraining, type TrainingSplit } from "../../data/training_split.ts";
import type { Backbone } from "../../models/backbone.ts";
import type { CountedHead } from "../../models/heads.ts";
import { layerGraph } from "../../nn/layer_graph.ts";
import type { OptimizerConfig } from "../../nn/optimizers.ts";
import { type NetworkConfig, networkWeights, suitedTo } from "../network.ts";
import { describeNetwork } from "../network_layers.ts";
import { parsePhases, settlingMomentum, totalEpochs } from "../schedule.ts";
import type { TrainerConfig } from "../trainer.ts";
import type { LoadedWeights } from "../weights_file.ts";
import { defaultAlpha, defaultBatch, defaultDropout, defaultPhases } from "./defaults.ts";
import type { CompleteSettings, SettledSettings } from "./schema.ts";
import { trainerFields } from "./settings.ts";

/** A training that is ready to be laid out. */
export interface PreparedTraining {
  readonly config: TrainerConfig;
  readonly settings: SettledSettings;
  readonly dataset: AttributeDataset;
  readonly split: Split;
  /** The data set's heads with what the training images have of their classes. */
  readonly heads: readonly CountedHead[];
  /** What the user should know of images and labels, a sentence each. */
  readonly notes: readonly string[];
  /** Training steps of all phases. */
  readonly steps: number;
  /** Whether the momentum was picked for the length of the training. */
  readonly isMomentumPicked: boolean;
  readonly loaded: LoadedWeights | undefined;
  readonly parameters: number;
}

/** A network that is ready to be trained, and the weights that it starts from. */
export interface PreparedNetwork {
  readonly network: NetworkConfig;
  readonly loaded: LoadedWeights | undefined;
  readonly parameters: number;
}

/** A data set whose images are good. */
export interface PreparedData {
  readonly dataset: AttributeDataset;
  /** Where the images lie; without it they are taken to be there and to differ. */
  readonly files: FileSystem | undefined;
}

/** Where none is given. */
const SGD_MOMENTUM = 0.9;

/**
 * Settles the network and reads its weights: what can be refused before anybody looks at the images.
 * @param loadWeights reads the weights that the settings name
 * @throws WeftError where options do not suit each other or the weights do not fit
 */
export async function prepareNetwork(
  given: CompleteSettings,
  heads: readonly CountedHead[],
  loadWeights: (weights: string, network: NetworkConfig) => Promise<LoadedWeights>,
): Promise<PreparedNetwork> {
  const { backbone, weights } = given;
  const alpha = given.alpha ?? defaultAlpha(backbone);
  const size = given.size ?? backbone.defaultSize;
  requireSuits(backbone, { alpha, size });
  optimizerOf(given);
  const network: NetworkConfig = { backbone, alpha, size, heads };
  requireDrawable(network);
  const loaded = weights === undefined ? undefined : await loadWeights(weights, network);
  return { network, loaded, parameters: countParameters(network) };
}

/**
 * Settles all other choices, and looks whether the images are there.
 * @throws WeftError where an image is missing
 */
export async function prepareTraining(
  given: CompleteSettings,
  { network, loaded, parameters }: PreparedNetwork,
  { dataset, files }: PreparedData,
): Promise<PreparedTraining> {
  const { backbone, size } = network;
  const phases = given.phases ?? parsePhases(defaultPhases(given));
  const { split, notes } = await splitOf(dataset, files, given);
  const { heads, warnings } = coverageOf(dataset, split);
  const lacking =
    split.validation.length > 0
      ? []
      : ["no image is left for validation: nothing tells whether training goes well"];
  const batch = given.batch ?? defaultBatch(split.training.length);
  const steps = Math.ceil(split.training.length / batch) * totalEpochs(phases);
  const bnMomentum = given.bnMomentum ?? settlingMomentum(backbone.batchNormMomentum, steps);
  const dropout = given.dropout ?? defaultDropout();
  const settings = { ...given, size, phases, batch, dropout, bnMomentum };
  return {
    config: {
      ...suitedTo(network, loaded?.values ?? new Map()),
      ...trainerFields(settings),
      freezeBackbone: settings.freeze === "backbone",
      optimizer: optimizerOf(settings),
    },
    settings,
    dataset,
    split,
    heads,
    notes: [...dataset.notes, ...notes, ...lacking, ...warnings],
    steps,
    isMomentumPicked: given.bnMomentum === undefined,
    loaded,
    parameters,
  };
}

/** @throws WeftError where the options do not suit the backbone. */
export function requireSuits(
  backbone: Backbone,
  { alpha, size }: { readonly alpha?: number | undefined; readonly size: number },
): void {
  if (alpha !== undefined && !backbone.hasAlpha) {
    throw new WeftError(`${alpha}: ${backbone.name} has no width to choose`, {
      option: "alpha",
      remedy: [{ kind: "without", option: "alpha" }],
    });
  }
  if (size < backbone.minSize) {
    throw new WeftError(`expects at least ${backbone.minSize} for ${backbone.name}, received ${size}`, {
      option: "size",
    });
  }
}

async function splitOf(
  dataset: AttributeDataset,
  files: FileSystem | undefined,
  { seed, limit, skipBad }: CompleteSettings,
): Promise<TrainingSplit> {
  if (files) return splitForTraining(files, dataset, { seed, limit, skipBad });
  return { split: cutImages(chooseImages(dataset.images.length, { seed, limit })), notes: [] };
}

/** @throws WeftError where a head is called like a layer: it could be trained, but not shown or exported. */
function requireDrawable(network: NetworkConfig): void {
  const described = describeNetwork({ ...network, dropout: 0 });
  layerGraph(described.records, [described.input]);
}

/** @throws WeftError where momentum is given to an optimizer that has none. */
function optimizerOf({ optimizer, weightDecay, momentum }: CompleteSettings): OptimizerConfig {
  const decay = weightDecay === undefined ? {} : { weightDecay };
  if (optimizer === "sgd") return { name: optimizer, momentum: momentum ?? SGD_MOMENTUM, ...decay };
  if (momentum === undefined) return { name: optimizer, ...decay };
  if (optimizer === "rmsprop") return { name: optimizer, momentum, ...decay };
  throw new WeftError(`${momentum}: ${optimizer} has none; it belongs to sgd and rmsprop`, {
    option: "momentum",
    remedy: [{ kind: "without", option: "momentum" }],
  });
}

function countParameters(network: NetworkConfig): number {
  const { backbone, heads } = networkWeights(network);
  return [...backbone, ...heads].reduce((sum, { shape }) => {
    return sum + shape.reduce((product, extent) => product * extent, 1);
  }, 0);
}
