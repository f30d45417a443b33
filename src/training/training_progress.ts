// What a training reports as it goes.

import type { SetMetrics } from "./metrics.ts";
import type { LossScaleReport } from "./precision.ts";

/** What one epoch did; a line of `metrics.jsonl`. */
export interface EpochReport {
  readonly epoch: number;
  readonly epochs: number;
  readonly lr: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  readonly train: SetMetrics;
  readonly validation: SetMetrics;
  /** In mixed precision only. */
  readonly lossScale?: LossScaleReport;
}

/** Where an epoch stands, after each step. */
export interface StepProgress {
  readonly stage: "train" | "validation";
  readonly epoch: number;
  readonly images: number;
  readonly totalImages: number;
  readonly loss: number;
}

/** What a training tells as it goes, and what it asks for. */
export interface TrainerHooks {
  readonly onStep?: (progress: StepProgress) => void;
  /** Awaited before the next epoch begins. */
  readonly onEpoch?: (report: EpochReport) => void | Promise<void>;
  /** Seconds on a clock that only goes forward. */
  readonly now: () => number;
  /** Stops the training after the step in hand. */
  readonly signal?: AbortSignal;
}
