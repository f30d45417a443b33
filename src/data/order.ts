// The order of a run's images as a state that can be saved: where an epoch stands, and which images are left out. The
// order itself is a function of the seed and the epoch, so a few numbers bring it back.

import { WeftError } from "../base/errors.ts";
import type { BadImage, Batch, BatchLoader } from "./batches.ts";
import { epochOrder } from "./dataset.ts";

/** A place in the order of all images that a run will see. Plain data: it goes into checkpoints as JSON. */
export interface OrderState {
  readonly seed: number;
  /** The epoch under way, from 1, over all phases. */
  readonly epoch: number;
  /** Images of the epoch's order that are behind, bad ones included. */
  readonly position: number;
  /** Batches of the epoch that are done. */
  readonly batches: number;
  /** Images known to be bad: the batches to come are not planned with them. */
  readonly badImages: readonly BadImage[];
}

/** The state before an epoch. */
export function orderAtEpoch(loader: BatchLoader, seed: number, epoch: number): OrderState {
  return { seed, epoch, position: 0, batches: 0, badImages: loader.badImages };
}

/** The state after a batch of the epoch. */
export function orderAfter(
  loader: BatchLoader,
  { seed, epoch }: OrderState,
  { index, end }: Pick<Batch, "index" | "end">,
): OrderState {
  return { seed, epoch, position: end, batches: index + 1, badImages: loader.badImages };
}

/**
 * The batches that an epoch has left, exactly as if it had never stopped.
 * @param images of the training part, as the state was saved with
 * @throws WeftError if the state is of another data set
 */
export function remainingBatches(
  loader: BatchLoader,
  images: readonly number[],
  state: OrderState,
  signal?: AbortSignal,
): AsyncGenerator<Batch, void, undefined> {
  const { seed, epoch, position, batches, badImages } = state;
  if (position > images.length) {
    throw new WeftError(
      `the order of images was saved at image ${position} of its epoch, but there are ${images.length} now. ` +
        "Continue with the data that the training began with.",
    );
  }
  loader.leaveOut(badImages);
  return loader.epoch(epochOrder(images, seed, epoch), { start: position, firstIndex: batches, signal });
}

/**
 * Reads a state that was saved as JSON.
 * @param source names it in messages, such as a checkpoint's file
 * @throws WeftError saying what was expected where
 */
export function parseOrderState(value: unknown, source: string): OrderState {
  const fields = fieldsOf(value, `${source}: the order of images`);
  const whole = (name: string, least: number): number => {
    const number = fields[name];
    if (typeof number === "number" && Number.isSafeInteger(number) && number >= least) return number;
    throw new WeftError(
      `${source}: ${name} of the order of images expects a whole number from ${least}, received ${JSON.stringify(number)}`,
    );
  };
  const { badImages } = fields;
  if (!Array.isArray(badImages)) {
    throw new WeftError(`${source}: badImages of the order of images expects a list`);
  }
  return {
    seed: whole("seed", 0),
    epoch: whole("epoch", 1),
    position: whole("position", 0),
    batches: whole("batches", 0),
    badImages: badImages.map((image: unknown) => badImageOf(image, source)),
  };
}

function badImageOf(value: unknown, source: string): BadImage {
  const { index, path, message } = fieldsOf(value, `${source}: a bad image`);
  if (Number.isSafeInteger(index) && typeof path === "string" && typeof message === "string") {
    return { index: Number(index), path, message };
  }
  throw new WeftError(`${source}: a bad image expects index, path and message`);
}

function fieldsOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new WeftError(`${what} expects an object, received ${JSON.stringify(value)}`);
}
