// The options that several commands share: each is written down once.

import { Option } from "commander";
import { WeftError } from "../base/errors.ts";
import { DEFAULT_MAX_PIXELS } from "../data/images.ts";
import type { AdapterChoice } from "../gpu/adapters.ts";
import type { KernelFamily } from "../gpu/device.ts";
import { type Backbone, MAX_SIZE } from "../models/backbone.ts";
import { BACKBONES, backboneNamed } from "../models/backbones.ts";
import { PRECISIONS, type Precision } from "../nn/mixed_precision.ts";
import { positiveNumber, seedNumber, wholeNumber } from "./number_options.ts";

/** Of every command that computes. */
export interface AdapterOption {
  readonly adapter: AdapterChoice;
}

export const adapterOption = () =>
  new Option("--adapter <choice>", "auto, hardware, software, or a part of an adapter's name").default(
    "auto",
  );

/** Of every command that lets the user choose the family of kernels. */
export interface KernelsOption {
  readonly kernels?: KernelFamily;
}

/** The family of kernels; without it that which suits the adapter. */
export const kernelsOption = () =>
  new Option(
    "--kernels <family>",
    "kernels for software adapters (cpu) or for GPUs (gpu), on any adapter",
  ).choices(["cpu", "gpu"] satisfies KernelFamily[]);

export const jsonOption = (what: string) => new Option("--json", `print ${what} as JSON on stdout`);

/** For the help of commands that print losses. */
export const LOSSES_HELP = `
The loss of an attribute is the mean over the images labelled for it, - (in JSON null) where there are none. The total is
what training minimises: the sum over attributes of the mean over all images, where one without the label adds 0.`;

/** A path; an empty one is a shell variable that is not set. */
export function pathText(flag: string): (text: string) => string {
  return (text) => {
    if (text === "") throw new WeftError(`${flag} expects a path, received ""`);
    return text;
  };
}

export const dataOption = () =>
  new Option("--data <folder>", "data folder with Annotations/label.csv and the images it names").argParser(
    pathText("--data"),
  );

export const modelOption = () =>
  new Option("--model <run>", "output folder of a training").argParser(pathText("--model"));

export const batchOption = () =>
  new Option("--batch <n>", "images a step").argParser(wholeNumber("--batch", 1));

export const sizeOption = () =>
  new Option("--size <pixels>", "width and height of the images that the network sees").argParser(
    wholeNumber("--size", 1, MAX_SIZE),
  );

export const seedOption = () =>
  new Option("--seed <n>", "seed of every random choice").argParser(seedNumber("--seed"));

export const backboneOption = () =>
  new Option("--backbone <name>", [...BACKBONES.keys()].join(", ")).argParser(backboneNamed);

export const alphaOption = () =>
  new Option("--alpha <factor>", "width of the backbone, for backbones that have one").argParser(
    positiveNumber("--alpha"),
  );

export const recomputeOption = () =>
  new Option(
    "--recompute [what]",
    "compute values again in the backward pass instead of keeping them: cheap ones, or all inside blocks",
  )
    .choices(["cheap", "blocks"])
    .preset("blocks");

export const precisionOption = () =>
  new Option("--precision <type>", "f32, or mixed: activations in f16, sums and weights in f32")
    .choices(PRECISIONS)
    .default("f32");

export const skipBadOption = () =>
  new Option("--skip-bad", "go on without bad images and rows, and say how many were left out");

/** Of every command that reads images. */
export interface ImageOptions {
  readonly maxPixels?: number;
}

export const maxPixelsOption = () =>
  new Option(
    "--max-pixels <n>",
    `refuse images with more pixels (default: ${DEFAULT_MAX_PIXELS / 1e6} million)`,
  ).argParser(wholeNumber("--max-pixels", 1));

/** @throws WeftError where the options do not suit the backbone. */
export function requireSuits(
  backbone: Backbone,
  { alpha, size }: { alpha?: number | undefined; size: number },
): void {
  if (alpha !== undefined && !backbone.hasAlpha) {
    throw new WeftError(`--alpha ${alpha}: ${backbone.name} has no width to choose; leave --alpha out`);
  }
  if (size < backbone.minSize) {
    throw new WeftError(
      `--size expects at least ${backbone.minSize} for ${backbone.name}, received "${size}"`,
    );
  }
}

/** What decides a step beside its backbone and batch, of commands that measure steps. */
export interface StepOptions extends AdapterOption, KernelsOption {
  readonly alpha?: number;
  readonly size?: number;
  readonly precision: Precision;
}

export const stepOptions = (): Option[] => [
  alphaOption(),
  sizeOption(),
  precisionOption(),
  kernelsOption(),
  adapterOption(),
];

/** The size of the images that a step is to have. @throws WeftError where the options do not suit the backbone. */
export function suitableSize(
  backbone: Backbone,
  { alpha, size = backbone.defaultSize }: { readonly alpha?: number; readonly size?: number },
): number {
  requireSuits(backbone, { alpha, size });
  return size;
}

/** @throws WeftError where inference is asked for in mixed precision. */
export function requireTraining(precision: Precision, steps: "train" | "inference", flag: string): void {
  if (precision === "f32" || steps === "train") return;
  throw new WeftError(`--precision ${precision} is for training steps; leave ${flag} inference out`);
}

/** @throws WeftError naming a flag that the command cannot do without. */
export function requireOption<T>(value: T | undefined, flag: string, what: string): T {
  if (value === undefined) throw new WeftError(`${flag} is missing; expected ${what}`);
  return value;
}
