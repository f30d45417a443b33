// The options of `weft train`, their defaults, and what they come to for a data set.

import { type Command, Option } from "commander";
import type { FileSystem } from "../base/platform.ts";
import type { AttributeDataset, Split } from "../data/dataset.ts";
import { coverageOf } from "../data/label_coverage.ts";
import { splitForTraining } from "../data/training_split.ts";
import type { CountedHead } from "../formats/label_csv.ts";
import type { Backbone } from "../models/backbone.ts";
import { mobileNetV2 } from "../models/mobilenet_v2.ts";
import { layerGraph } from "../nn/layer_graph.ts";
import type { Precision } from "../nn/mixed_precision.ts";
import type { OptimizerConfig } from "../nn/optimizers.ts";
import { OPTIMIZER_NAMES, type OptimizerName } from "../ops/optimizers/optimizers.ts";
import type { Recompute } from "../passes/recompute.ts";
import { openKerasInWorker } from "../platform/node/keras_reader.ts";
import { type NetworkConfig, networkName, networkWeights, suitedTo } from "../training/network.ts";
import { describeBackbone, describeNetwork } from "../training/network_layers.ts";
import { type Phase, parsePhases, settlingMomentum, totalEpochs } from "../training/schedule.ts";
import type { TrainerConfig } from "../training/trainer.ts";
import { type LoadedWeights, loadWeights } from "../training/weights_file.ts";
import { kerasLayerOrder } from "../training/weights_fit.ts";
import { nonNegativeNumber, positiveNumber, share, wholeNumber } from "./number_options.ts";
import {
  type AdapterOption,
  adapterOption,
  alphaOption,
  backboneOption,
  batchOption,
  dataOption,
  type ImageOptions,
  jsonOption,
  LOSSES_HELP,
  maxPixelsOption,
  pathText,
  precisionOption,
  recomputeOption,
  requireSuits,
  seedOption,
  sizeOption,
  skipBadOption,
} from "./options.ts";

import { TUNING_BUDGET_SECONDS } from "./tuning.ts";
import { weightsPath } from "./weights_option.ts";

/** What the command line gives; absent where it is silent. */
export interface TrainOptions extends AdapterOption, ImageOptions {
  readonly data?: string;
  readonly backbone?: Backbone;
  readonly alpha?: number;
  readonly size?: number;
  readonly weights?: string;
  readonly phases?: readonly Phase[];
  readonly batch?: number;
  readonly seed: number;
  readonly dropout?: number;
  readonly limit?: number;
  readonly freeze?: "backbone";
  readonly augment: boolean;
  readonly bnMomentum?: number;
  readonly optimizer: OptimizerName;
  readonly weightDecay?: number;
  readonly recompute?: Exclude<Recompute, "nothing">;
  /** Seconds for measuring kernels first. */
  readonly tune?: number;
  readonly precision: Precision;
  readonly out?: string;
  readonly overwrite?: boolean;
  readonly skipBad?: boolean;
  readonly json?: boolean;
}

interface Defaults {
  readonly alpha: number;
  readonly size: number | undefined;
  readonly batch: number;
  readonly dropout: number;
  readonly phases: string;
}

/** Fine-tuning as the reference does it. */
const WITH_WEIGHTS: Defaults = {
  alpha: 1,
  size: undefined,
  batch: 32,
  dropout: 0.5,
  phases: "2@1e-4,3@1e-5,1@1e-6",
};
/** From random weights: higher rates, and more epochs. */
const FROM_RANDOM: Defaults = { ...WITH_WEIGHTS, phases: "20@1e-3,5@1e-4" };
/** The demo set, small enough for two cores without a GPU. */
const DEMO: Defaults = {
  alpha: 0.35,
  size: 64,
  batch: 32,
  dropout: 0.1,
  phases: "3@4e-3,2@2e-3,1@8e-4,1@2e-4",
};

const SGD_MOMENTUM = 0.9;

/** Adds the options to the command, in the order in which help shows them. */
export function addTrainOptions(command: Command): Command {
  const options = [
    dataOption(),
    backboneOption().default(mobileNetV2, mobileNetV2.name),
    alphaOption(),
    sizeOption(),
    new Option(
      "--weights <file>",
      "weights to start from: imagenet, .h5 of Keras or .safetensors (default: random)",
    ),
    new Option("--phases <list>", "epochs@rate,… each with a fresh optimizer").argParser(parsePhases),
    batchOption(),
    seedOption().default(1),
    new Option("--dropout <share>", "dropout before the heads (default: 0.5; 0.1 on the demo set)").argParser(
      share("--dropout"),
    ),
    new Option("--limit <n>", "use only so many images, chosen by the seed").argParser(
      wholeNumber("--limit", 1),
    ),
    new Option("--freeze <part>", "train the heads alone").choices(["backbone"]),
    new Option("--augment", "takes an earlier --no-augment back").default(true).hideHelp(),
    new Option("--no-augment", "leave training images as they are (default: warped at random)"),
    new Option(
      "--bn-momentum <m>",
      "momentum of the batch norms' averages (default: one that settles)",
    ).argParser(share("--bn-momentum")),
    new Option("--optimizer <name>", "how weights are updated").choices(OPTIMIZER_NAMES).default("adam"),
    recomputeOption(),
    precisionOption(),
    new Option("--weight-decay <rate>", "decoupled weight decay").argParser(
      nonNegativeNumber("--weight-decay"),
    ),
    new Option("--tune [seconds]", "first measure which kernels are fastest, for so long (default: 60)")
      .argParser(positiveNumber("--tune"))
      .preset(String(TUNING_BUDGET_SECONDS)),
    new Option(
      "--out <folder>",
      "where the run goes, a new or empty folder (default: one below runs)",
    ).argParser(pathText("--out")),
    new Option("--overwrite", "let the run replace an earlier one in --out, at its end"),
    skipBadOption(),
    maxPixelsOption(),
    jsonOption("a line an epoch"),
    adapterOption(),
  ];
  for (const option of options) command.addOption(option);
  return command.addHelpText("after", LOSSES_HELP);
}

/** A training that is ready to be compiled. */
export interface PreparedTraining {
  readonly config: TrainerConfig;
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

function optimizerOf({ optimizer, weightDecay }: TrainOptions): OptimizerConfig {
  const decay = weightDecay === undefined ? {} : { weightDecay };
  return optimizer === "sgd"
    ? { name: optimizer, momentum: SGD_MOMENTUM, ...decay }
    : { name: optimizer, ...decay };
}

function defaultsFor({ data, weights }: TrainOptions): Defaults {
  if (weights !== undefined)
    return data === undefined ? { ...DEMO, phases: WITH_WEIGHTS.phases } : WITH_WEIGHTS;
  return data === undefined ? DEMO : FROM_RANDOM;
}

/** Weights of the backbone, and of those heads that the file has. */
async function loadFor(files: FileSystem, weights: string, network: NetworkConfig): Promise<LoadedWeights> {
  const { backbone, heads } = networkWeights(network);
  const use = { ...network, includeTop: false };
  return loadWeights(
    files,
    await weightsPath(weights, use),
    {
      network: networkName(network),
      required: backbone,
      optional: heads,
      layerOrder: kerasLayerOrder(describeBackbone({ ...use, pooling: "avg" })),
    },
    openKerasInWorker,
  );
}

/** A network that is ready to be trained, and the weights that it starts from. */
export interface PreparedNetwork {
  readonly network: NetworkConfig;
  readonly loaded: LoadedWeights | undefined;
  readonly parameters: number;
}

/**
 * Settles the network and reads the weights file: what can be refused before anybody looks at the images.
 * @throws WeftError where options do not suit each other or the weights do not fit
 */
export async function prepareNetwork(
  files: FileSystem,
  options: TrainOptions,
  heads: readonly CountedHead[],
): Promise<PreparedNetwork> {
  const defaults = defaultsFor(options);
  const { backbone = mobileNetV2 } = options;
  const alpha = backbone.hasAlpha ? (options.alpha ?? defaults.alpha) : options.alpha;
  const size = options.size ?? defaults.size ?? backbone.defaultSize;
  requireSuits(backbone, { alpha, size });
  const network: NetworkConfig = { backbone, alpha, size, heads };
  const specs = networkWeights(network);
  const parameters = [...specs.backbone, ...specs.heads].reduce((sum, { shape }) => {
    return sum + shape.reduce((product, extent) => product * extent, 1);
  }, 0);
  // A head called like a layer could be trained, but not shown or exported.
  const described = describeNetwork({ ...network, dropout: 0 });
  layerGraph(described.records, [described.input]);
  const loaded = options.weights === undefined ? undefined : await loadFor(files, options.weights, network);
  return { network, loaded, parameters };
}

/**
 * Settles all other choices, and looks whether the images are there.
 * @throws WeftError where an image is missing
 */
export async function prepareTraining(
  files: FileSystem,
  options: TrainOptions,
  dataset: AttributeDataset,
  { network, loaded, parameters }: PreparedNetwork,
): Promise<PreparedTraining> {
  const defaults = defaultsFor(options);
  const { seed, limit, skipBad } = options;
  const phases = options.phases ?? parsePhases(defaults.phases);
  const { split, notes } = await splitForTraining(files, dataset, { seed, limit, skipBad });
  const { heads, warnings } = coverageOf(dataset, split);
  const lacking =
    split.validation.length > 0
      ? []
      : ["no image is left for validation: nothing tells whether training goes well"];
  const batchSize = options.batch ?? Math.min(defaults.batch, split.training.length);
  const steps = Math.ceil(split.training.length / batchSize) * totalEpochs(phases);
  const config: TrainerConfig = {
    ...suitedTo(network, loaded?.values ?? new Map()),
    batchSize,
    phases,
    seed,
    dropout: options.dropout ?? defaults.dropout,
    augment: options.augment,
    freezeBackbone: options.freeze === "backbone",
    batchNormMomentum: options.bnMomentum ?? settlingMomentum(network.backbone.batchNormMomentum, steps),
    optimizer: optimizerOf(options),
    recompute: options.recompute ?? "nothing",
    precision: options.precision,
  };
  const isMomentumPicked = options.bnMomentum === undefined;
  const prepared = { config, split, heads, notes: [...dataset.notes, ...notes, ...lacking, ...warnings] };
  return { ...prepared, steps, isMomentumPicked, loaded, parameters };
}
