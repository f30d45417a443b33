// Losses and accuracies of an epoch, per attribute and over all.

import type { CountedHead } from "../models/heads.ts";

/** One epoch's figures of one set of images. An attribute without labelled images has null. */
export interface SetMetrics {
  /**
   * What training minimises: the sum over heads of the mean over all images, where an image without a label of
   * the head adds 0, as Keras computes it. Null where nothing is labelled.
   */
  readonly loss: number | null;
  /** By attribute, the mean over its labelled images. */
  readonly losses: Readonly<Record<string, number | null>>;
  readonly accuracy: Readonly<Record<string, number | null>>;
  /** Accuracies weighted by the attributes' rows in label.csv; null where nothing that counts is labelled. */
  readonly weighted: number | null;
}

/** Adds up what steps report. */
export class MetricsSum {
  private readonly lossSums: number[];
  private readonly correct: number[];
  private readonly labelled: number[];
  images = 0;

  constructor(private readonly heads: readonly CountedHead[]) {
    this.lossSums = heads.map(() => 0);
    this.correct = heads.map(() => 0);
    this.labelled = heads.map(() => 0);
  }

  /**
   * Adds a step.
   * @param loss [heads], means over the step's images.
   * @param accuracy [2 · heads]: rows right and rows labelled, per head.
   */
  add(loss: ArrayLike<number>, accuracy: ArrayLike<number>, images: number): void {
    this.images += images;
    for (let head = 0; head < this.heads.length; head++) {
      this.lossSums[head] = (this.lossSums[head] ?? 0) + (loss[head] ?? 0) * images;
      this.correct[head] = (this.correct[head] ?? 0) + (accuracy[2 * head] ?? 0);
      this.labelled[head] = (this.labelled[head] ?? 0) + (accuracy[2 * head + 1] ?? 0);
    }
  }

  /** The mean total loss so far; 0 where nothing was labelled. */
  get loss(): number {
    return this.lossSums.reduce((sum, value) => sum + value, 0) / Math.max(1, this.images);
  }

  /** Labelled rows seen, by attribute. */
  get labelledRows(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.heads.map(({ name }, i) => [name, this.labelled[i] ?? 0]));
  }

  finish(): SetMetrics {
    const byHead = <T>(read: (head: number) => T): Record<string, T> => {
      return Object.fromEntries(this.heads.map(({ name }, head) => [name, read(head)]));
    };
    const meanOverLabelled = (sums: readonly number[]) => (head: number) => {
      const labelled = this.labelled[head] ?? 0;
      return labelled > 0 ? (sums[head] ?? 0) / labelled : null;
    };
    const losses = byHead(meanOverLabelled(this.lossSums));
    const accuracy = byHead(meanOverLabelled(this.correct));
    const loss = this.labelled.some((count) => count > 0) ? this.loss : null;
    return { loss, losses, accuracy, weighted: weightedAccuracy(this.heads, accuracy) };
  }
}

/**
 * Whether a head's accuracy says anything: one that has one class, or saw one class or none in training, is
 * right without having learnt.
 */
export function isCounted({ classes, seenClasses = classes }: CountedHead): boolean {
  return Math.min(classes, seenClasses) > 1;
}

/**
 * Weighted accuracy: Σ nₐ·accₐ / Σ nₐ over the attributes that count and have an accuracy, with nₐ rows of label.csv;
 * null if there are none.
 */
export function weightedAccuracy(
  heads: readonly CountedHead[],
  accuracy: Readonly<Record<string, number | null>>,
): number | null {
  let weights = 0;
  let sum = 0;
  for (const head of heads) {
    const { name, rows } = head;
    const value = isCounted(head) ? accuracy[name] : null;
    if (value === null || value === undefined) continue;
    weights += rows;
    sum += rows * value;
  }
  return weights > 0 ? sum / weights : null;
}
