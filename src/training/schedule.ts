// Phases of a training (`2@1e-4,3@1e-5,1@1e-6`: epochs at a learning rate, each phase with a fresh
// optimizer) and the momentum of batch norm's moving averages that suits their length.

import { WeftError } from "../base/errors.ts";
import type { Remedy } from "../base/remedies.ts";

/** A phase of a training: n epochs at one learning rate. */
export interface Phase {
  readonly epochs: number;
  readonly learningRate: number;
}

/** What phases look like as text. */
export const PHASES_FORM = "epochs@rate,… such as 2@1e-4,3@1e-5";

/** Phases out of their text or of a list; undefined where they are none. */
export function acceptPhases(given: unknown): readonly Phase[] | undefined {
  if (typeof given === "string") return acceptPhases(given.split(",").map(phaseOfText));
  const isPhases = Array.isArray(given) && given.length > 0 && given.every(isPhase);
  return isPhases ? given.map(({ epochs, learningRate }) => ({ epochs, learningRate })) : undefined;
}

function phaseOfText(text: string): Phase | undefined {
  const [epochs = "", rate = "", ...rest] = text.split("@");
  if (rest.length > 0 || epochs.trim() === "" || rate.trim() === "") return undefined;
  return { epochs: Number(epochs), learningRate: Number(rate) };
}

function isPhase(value: unknown): value is Phase {
  if (typeof value !== "object" || value === null || !("epochs" in value) || !("learningRate" in value))
    return false;
  const { epochs, learningRate } = value;
  const isRate = typeof learningRate === "number" && learningRate > 0 && Number.isFinite(learningRate);
  return isRate && typeof epochs === "number" && Number.isInteger(epochs) && epochs > 0;
}

/**
 * Reads phases: `epochs@rate`, separated by commas.
 * @throws WeftError that shows the form.
 */
export function parsePhases(text: string): readonly Phase[] {
  const phases = acceptPhases(text);
  if (!phases) {
    throw new WeftError(`expects ${PHASES_FORM}, received ${JSON.stringify(text)}`, { option: "phases" });
  }
  return phases;
}

/** Phases as parsePhases reads them. */
export function phasesText(phases: readonly Phase[]): string {
  return phases.map(({ epochs, learningRate }) => `${epochs}@${learningRate}`).join(",");
}

export function totalEpochs(phases: readonly Phase[]): number {
  return phases.reduce((sum, { epochs }) => sum + epochs, 0);
}

/** The moving averages' memory, in steps, is this share of the training. */
const MEMORY_SHARE = 1 / 35;
const MIN_MEMORY_STEPS = 2;

/**
 * The momentum of batch norm's moving averages for a training of n steps. An average with
 * momentum m remembers 1/(1-m) steps; where that is long against the training, evaluation runs on
 * statistics of weights that are gone. So the memory is a 35th of the training (0.9 at 350 steps), and never
 * longer than the backbone's own.
 */
export function settlingMomentum(backboneMomentum: number, steps: number): number {
  const memory = Math.max(MIN_MEMORY_STEPS, steps * MEMORY_SHARE);
  return Math.min(backboneMomentum, 1 - 1 / memory);
}

/** Fewer images than these make statistics that are noise: their accuracy fell far below that of larger batches. */
const MIN_BATCH_NORM_IMAGES = 3;

/** What to do about small batches. */
export const LARGER_BATCHES: Remedy = [
  { kind: "set", option: "batch", value: 8 },
  { kind: "set", option: "freeze", value: "backbone", purpose: "to train the heads alone" },
];

/**
 * What to warn of where batch norm has to take its statistics of one or two images; undefined where it does not. The
 * remedy is `LARGER_BATCHES`.
 * @param smallest images of an epoch's smallest batch
 */
export function smallBatchWarning(smallest: number, freezesBackbone: boolean): string | undefined {
  if (freezesBackbone || smallest >= MIN_BATCH_NORM_IMAGES) return undefined;
  const images = smallest === 1 ? "a single image" : `${smallest} images`;
  return (
    `batch norm takes its statistics of ${images} in the smallest batches: training will be unsteady and evaluation ` +
    "worse."
  );
}
