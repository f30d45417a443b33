// The options of a training, each written down once: flags and their help, the type of `fineTune`'s settings, the checks of
// both, and what `config.json` records follow from this table. An option is added here and where it is used.

import {
  choiceKind,
  NON_NEGATIVE_NUMBER,
  type OptionKind,
  PATH,
  POSITIVE_NUMBER,
  SEED,
  SHARE,
  SWITCH,
  wholeNumberKind,
} from "../../base/option_kinds.ts";
import { type Backbone, MAX_SIZE } from "../../models/backbone.ts";
import { BACKBONES, backboneNamed } from "../../models/backbones.ts";
import { mobileNetV2 } from "../../models/mobilenet_v2.ts";
import { PRECISIONS } from "../../nn/mixed_precision.ts";
import { OPTIMIZER_NAMES } from "../../ops/optimizers/optimizers.ts";
import { acceptPhases, PHASES_FORM, type Phase, phasesText } from "../schedule.ts";

/** An option: what it takes, what is said of it, and where its value goes. */
export interface TrainOption<Given = unknown, Value = Given> {
  readonly kind: OptionKind<Given, Value>;
  /** One line, for help. */
  readonly help: string;
  /** What help calls the value; switches have none. */
  readonly valueName?: string;
  /** The value where nothing is given. */
  readonly default?: Value;
  /** In place of a default: what decides, for help. */
  readonly decided?: string;
  /** The text that a flag without a value stands for. */
  readonly preset?: string;
  /** The field of the trainer's configuration that takes the value as it is. */
  readonly trainerField?: string;
  /** The field of the record in `config.json`; null stands there where there is no value. */
  readonly recordedAs?: string;
  /** How it is written there; as it is by default. */
  readonly recordedText?: (value: never) => string;
}

const BACKBONE: OptionKind<string | Backbone, Backbone> = {
  expects: "the name of a backbone",
  accept: (given) => {
    if (typeof given === "string") return backboneNamed(given);
    return [...BACKBONES.values()].find((backbone) => backbone === given);
  },
  ofText: (text) => text,
};

const PHASES: OptionKind<string | readonly Phase[], readonly Phase[]> = {
  expects: PHASES_FORM,
  accept: acceptPhases,
  ofText: (text) => text,
};

/** Seconds; enough for the costly shapes of a network on a software adapter. */
export const TUNING_BUDGET_SECONDS = 60;

/** In the order in which help shows them. */
export const TRAIN_OPTIONS = {
  backbone: {
    kind: BACKBONE,
    valueName: "name",
    help: [...BACKBONES.keys()].join(", "),
    default: mobileNetV2,
  },
  alpha: {
    kind: POSITIVE_NUMBER,
    valueName: "factor",
    help: "width of the backbone, for backbones that have one",
    decided: "1; 0.35 on the demo set",
  },
  size: {
    kind: wholeNumberKind(1, MAX_SIZE),
    valueName: "pixels",
    help: "width and height of the images that the network sees",
    decided: "the backbone's own; 64 on the demo set",
  },
  weights: {
    kind: PATH,
    valueName: "file",
    help: "weights to start from: imagenet, .h5 of Keras or .safetensors",
    decided: "random",
    recordedAs: "weights",
  },
  phases: {
    kind: PHASES,
    valueName: "list",
    help: "epochs@rate,… each with a fresh optimizer",
    decided: "by weights and data",
    trainerField: "phases",
    recordedAs: "phases",
    recordedText: phasesText,
  },
  batch: {
    kind: wholeNumberKind(1),
    valueName: "n",
    help: "images a step",
    decided: "32, or all where there are fewer",
    trainerField: "batchSize",
    recordedAs: "batchSize",
  },
  seed: {
    kind: SEED,
    valueName: "n",
    help: "seed of every random choice",
    default: 1,
    trainerField: "seed",
    recordedAs: "seed",
  },
  dropout: {
    kind: SHARE,
    valueName: "share",
    help: "dropout before the heads",
    decided: "0.5; 0.1 on the demo set",
    trainerField: "dropout",
    recordedAs: "dropout",
  },
  limit: {
    kind: wholeNumberKind(1),
    valueName: "n",
    help: "use only n images, chosen by the seed",
    recordedAs: "limit",
  },
  freeze: {
    kind: choiceKind(["backbone"]),
    valueName: "part",
    help: "train the heads alone",
    recordedAs: "freeze",
  },
  augment: {
    kind: SWITCH,
    help: "leave training images as they are (default: warped at random)",
    default: true,
    trainerField: "augment",
    recordedAs: "augment",
  },
  bnMomentum: {
    kind: SHARE,
    valueName: "m",
    help: "momentum of the batch norms' averages",
    decided: "one that settles",
    trainerField: "batchNormMomentum",
    recordedAs: "batchNormMomentum",
  },
  optimizer: {
    kind: choiceKind(OPTIMIZER_NAMES),
    valueName: "name",
    help: "how weights are updated",
    default: "adam",
  },
  momentum: {
    kind: SHARE,
    valueName: "m",
    help: "momentum of sgd and rmsprop",
    decided: "0.9 for sgd, 0 for rmsprop",
  },
  weightDecay: {
    kind: NON_NEGATIVE_NUMBER,
    valueName: "rate",
    help: "decoupled weight decay",
  },
  recompute: {
    kind: choiceKind(["nothing", "cheap", "blocks"]),
    valueName: "what",
    help: "compute values again in the backward pass instead of keeping them: cheap ones, or all inside blocks",
    default: "nothing",
    preset: "blocks",
    trainerField: "recompute",
  },
  precision: {
    kind: choiceKind(PRECISIONS),
    valueName: "type",
    help: "f32, or mixed: activations in f16, sums and weights in f32",
    default: "f32",
    trainerField: "precision",
    recordedAs: "precision",
  },
  tune: {
    kind: POSITIVE_NUMBER,
    valueName: "seconds",
    help: "first measure which kernels are fastest, for so long",
    preset: String(TUNING_BUDGET_SECONDS),
  },
  out: {
    kind: PATH,
    valueName: "folder",
    help: "where the run goes, a new or empty folder",
  },
  overwrite: {
    kind: SWITCH,
    help: "let the run replace an earlier one in its folder, at its end",
    default: false,
  },
  skipBad: {
    kind: SWITCH,
    help: "go on without bad images and rows, and say how many were left out",
    default: false,
  },
} as const satisfies Readonly<Record<string, TrainOption>>;

type Table = typeof TRAIN_OPTIONS;
/** The name of an option, as settings in code have it. */
export type TrainOptionName = keyof Table;

type GivenOf<Option> = Option extends { kind: { readonly given?: infer Given } }
  ? Exclude<Given, undefined>
  : never;
type ValueOf<Option> = Option extends { kind: { accept: (given: unknown) => infer Value } }
  ? Exclude<Value, undefined>
  : never;

/** What code may ask of a training; data and weights decide what is left open. */
export type TrainSettings = { readonly [Name in TrainOptionName]?: GivenOf<Table[Name]> | undefined };

/** Settings that are checked. */
export type CheckedSettings = { readonly [Name in TrainOptionName]?: ValueOf<Table[Name]> };

type WithDefault = {
  [Name in TrainOptionName]: Table[Name] extends { default: unknown } ? Name : never;
}[TrainOptionName];

/** Checked settings, and the table's defaults where they were silent. */
export type CompleteSettings = CheckedSettings & Required<Pick<CheckedSettings, WithDefault>>;

/** What goes to the trainer as it is, by the names of its configuration. */
export type TrainerFields = {
  readonly [Name in TrainOptionName as Table[Name] extends { trainerField: infer Field extends string }
    ? Field
    : never]: ValueOf<Table[Name]>;
};

/** Settings of which nothing is open that data and weights decide. */
export type SettledSettings = CompleteSettings &
  Required<Pick<CheckedSettings, "size" | "phases" | "batch" | "dropout" | "bnMomentum">>;

type Recorded<Name extends TrainOptionName> =
  | (Table[Name] extends { recordedText: unknown } ? string : ValueOf<Table[Name]>)
  | (undefined extends SettledSettings[Name] ? null : never);

/** What `config.json` records of the settings. */
export type RecordedSettings = {
  readonly [Name in TrainOptionName as Table[Name] extends { recordedAs: infer Field extends string }
    ? Field
    : never]: Recorded<Name>;
};

/** The table as a list, for what goes through all of it. */
export const TRAIN_OPTION_LIST: readonly (readonly [TrainOptionName, TrainOption])[] = Object.entries(
  TRAIN_OPTIONS,
) as [TrainOptionName, TrainOption][];
