// The options that several commands share: each is written down once.

import { Option } from "commander";
import { WeftError } from "../base/errors.ts";
import { DEFAULT_MAX_PIXELS } from "../data/images.ts";
import type { AdapterChoice } from "../gpu/adapters.ts";
import type { KernelFamily } from "../gpu/device.ts";
import type { Backbone } from "../models/backbone.ts";
import type { Precision } from "../nn/mixed_precision.ts";
import { requireSuits } from "../training/recipe/prepare.ts";
import { pathText, wholeNumber } from "./flag_readers.ts";
import { trainFlag } from "./train_flags.ts";

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

export const dataOption = () =>
  new Option("--data <folder>", "data folder with Annotations/label.csv and the images it names").argParser(
    pathText("--data"),
  );

export const modelOption = () =>
  new Option("--model <run>", "output folder of a training").argParser(pathText("--model"));

export const batchOption = () => trainFlag("batch");
export const sizeOption = () => trainFlag("size");
export const seedOption = () => trainFlag("seed");
export const backboneOption = () => trainFlag("backbone");
export const alphaOption = () => trainFlag("alpha");
export const recomputeOption = () => trainFlag("recompute");
export const precisionOption = () => trainFlag("precision").default("f32");
export const skipBadOption = () => trainFlag("skipBad");

/** Of every command that reads images. */
export interface ImageOptions {
  readonly maxPixels?: number;
}

export const maxPixelsOption = () =>
  new Option(
    "--max-pixels <n>",
    `refuse images with more pixels (default: ${DEFAULT_MAX_PIXELS / 1e6} million)`,
  ).argParser(wholeNumber("--max-pixels", 1));

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
