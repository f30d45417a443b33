// Counts the values of a network's weights.

import { elementCount } from "../base/tensors.ts";
import type { WeightSpec } from "./layer_scope.ts";

/** Counts of single values, as Keras' summaries have them. */
export interface ParameterCounts {
  readonly total: number;
  readonly trainable: number;
  /** Moving averages, and all weights of frozen layers. */
  readonly nonTrainable: number;
}

/** Counts the values of weights. */
export function countParameters(weights: readonly WeightSpec[]): ParameterCounts {
  let trainable = 0;
  let nonTrainable = 0;
  for (const { shape, trainable: isTrainable } of weights) {
    if (isTrainable) trainable += elementCount(shape);
    else nonTrainable += elementCount(shape);
  }
  return { total: trainable + nonTrainable, trainable, nonTrainable };
}
