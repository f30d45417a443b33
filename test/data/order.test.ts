// The order of images as a state: saved at any batch, as JSON, and restored by another loader, it gives exactly the
// batches that were to come.

import { describe, expect, it } from "vitest";
import { WeftError } from "../../src/base/errors.ts";
import { type Batch, BatchLoader } from "../../src/data/batches.ts";
import type { AttributeDataset } from "../../src/data/dataset.ts";
import type { ImageDecoder } from "../../src/data/images.ts";
import {
  type OrderState,
  orderAfter,
  orderAtEpoch,
  parseOrderState,
  remainingBatches,
} from "../../src/data/order.ts";

const IMAGES = 23;
const SEED = 5;

const DATASET: AttributeDataset = {
  folder: "data",
  labelFile: "Annotations/label.csv",
  heads: [{ name: "x", classes: 2, rows: IMAGES }],
  images: Array.from({ length: IMAGES }, (_, i) => ({
    path: `Images/${i}.jpg`,
    line: i + 1,
    labels: [{ head: 0, letters: i % 2 === 0 ? "yn" : "ny", class: i % 2 }],
  })),
  badRows: [],
  notes: [],
};
/** The training part: no image 0 and no image 22. */
const TRAINING = Array.from({ length: IMAGES - 2 }, (_, i) => i + 1);
const BAD = new Set([3, 8, 9, 17]);

const decoder: ImageDecoder = {
  async decode(image, width, height) {
    const index = Number(/(\d+)\.jpg/.exec(String(image))?.[1]);
    if (BAD.has(index)) throw new WeftError(`data/Images/${index}.jpg: cannot be decoded`);
    return new Uint8Array(width * height * 3).fill(index);
  },
};

const newLoader = () =>
  new BatchLoader(DATASET, decoder, { batchSize: 4, width: 2, height: 2, skipBad: true });

const copied = ({ index, bytes, labels, valid, indices, end }: Batch) => {
  return { index, bytes: [...bytes], labels: [...labels], valid, indices: [...indices], end };
};

/** Runs from a state to the end of the epoch; the batches, and the state after each. */
async function run(loader: BatchLoader, from: OrderState) {
  const batches: ReturnType<typeof copied>[] = [];
  const states: OrderState[] = [];
  for await (const batch of remainingBatches(loader, TRAINING, from)) {
    batches.push(copied(batch));
    states.push(orderAfter(loader, from, batch));
  }
  return { batches, states };
}

describe("the order of images", () => {
  it("restored after any batch of two epochs gives the batches to come", async () => {
    const loader = newLoader();
    for (const epoch of [1, 2]) {
      const start = orderAtEpoch(loader, SEED, epoch);
      expect(start.badImages).toHaveLength(epoch === 1 ? 0 : BAD.size);
      const whole = await run(loader, start);
      expect(whole.batches.flatMap(({ indices }) => indices)).toHaveLength(TRAINING.length - BAD.size);
      for (const [i, state] of [start, ...whole.states].entries()) {
        const saved = JSON.stringify(state);
        const again = newLoader();
        const rest = await run(again, parseOrderState(JSON.parse(saved), "checkpoint.json"));
        expect(rest.batches).toEqual(whole.batches.slice(i));
        expect(rest.states).toEqual(whole.states.slice(i));
        expect(again.badImages).toEqual(loader.badImages);
      }
    }
  });

  it("differs from epoch to epoch and from seed to seed", async () => {
    const orders = await Promise.all(
      [[1, 1] as const, [1, 2] as const, [2, 1] as const].map(async ([seed, epoch]) => {
        const { batches } = await run(newLoader(), orderAtEpoch(newLoader(), seed, epoch));
        return batches.flatMap(({ indices }) => indices).join(" ");
      }),
    );
    expect(new Set(orders).size).toBe(3);
  });

  it("does not go on with other data", async () => {
    const state = orderAtEpoch(newLoader(), SEED, 1);
    expect(() => remainingBatches(newLoader(), TRAINING, { ...state, position: 22 })).toThrow(
      "saved at image 22 of its epoch, but there are 21 now",
    );
    const badImages = [{ index: 3, path: "Images/other.jpg", message: "Images/other.jpg: no image" }];
    expect(() => remainingBatches(newLoader(), TRAINING, { ...state, badImages })).toThrow(
      "Annotations/label.csv: image 3 was Images/other.jpg and is Images/3.jpg now",
    );
  });

  it.each([
    [null, "c.json: the order of images expects an object, received null"],
    [{ seed: 1, epoch: 0 }, "badImages of the order of images expects a list"],
    [
      { seed: 1, epoch: 0, badImages: [] },
      "epoch of the order of images expects a whole number from 1, received 0",
    ],
    [{ seed: 1, epoch: 1, position: 2.5, badImages: [] }, "position of the order of images expects"],
    [{ seed: 1, epoch: 1, position: 4, badImages: [] }, "batches of the order of images expects"],
    [
      { seed: 1, epoch: 1, position: 4, batches: 1, badImages: [{ index: 1 }] },
      "c.json: a bad image expects index, path and message",
    ],
  ])("refuses what is no state: %j", (value, message) => {
    expect(() => parseOrderState(value, "c.json")).toThrow(message);
  });
});
