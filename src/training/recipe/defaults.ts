// What a training takes where nobody says it, as far as data and weights decide it.

import type { Backbone } from "../../models/backbone.ts";
import type { CompleteSettings, TrainSettings } from "./schema.ts";

/** Fine-tuning as the reference does it. */
const WITH_WEIGHTS = "2@1e-4,3@1e-5,1@1e-6";
/** From random weights: higher rates, and more epochs. */
const FROM_RANDOM = "20@1e-3,5@1e-4";
const DEFAULT_DROPOUT = 0.5;
const MOST_IMAGES_A_BATCH = 32;

/** Phases where none are given. */
export function defaultPhases({ weights }: Pick<CompleteSettings, "weights">): string {
  return weights === undefined ? FROM_RANDOM : WITH_WEIGHTS;
}

export const defaultDropout = () => DEFAULT_DROPOUT;

/** Images per step, given the number of training images. */
export const defaultBatch = (images: number) => Math.min(MOST_IMAGES_A_BATCH, images);

/** Width of a backbone that has one. */
export const defaultAlpha = ({ hasAlpha }: Backbone) => (hasAlpha ? 1 : undefined);

/** Settings of the demo set, small enough for two cores without a GPU; those that are given win. */
export function demoSettings(
  given: TrainSettings & { readonly backbone?: Backbone | undefined },
): TrainSettings {
  const { backbone, weights } = given;
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return {
    ...(backbone?.hasAlpha !== false && { alpha: 0.35 }),
    size: 64,
    dropout: 0.1,
    ...(weights === undefined && { phases: "3@4e-3,2@2e-3,1@8e-4,1@2e-4" }),
    ...known,
  };
}
