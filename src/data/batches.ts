// Batches of decoded images, prefetched: while the GPU works on one batch the next ones are decoded.
// What a batch holds is a function of the order alone, never of how long a decode took.

import { WeftError } from "../base/errors.ts";
import { joinPath } from "../base/platform.ts";
import type { AttributeDataset } from "./dataset.ts";
import { ImageCache } from "./image_cache.ts";
import type { ImageDecoder } from "./images.ts";
import { TaskQueue } from "./task_queue.ts";

/** Batches ready or in the making while the consumer holds one. */
const DEFAULT_PREFETCH = 2;
/** As many as libuv has threads by default. */
const DEFAULT_DECODES_AT_ONCE = 4;

/** How a loader works. */
export interface BatchOptions {
  batchSize: number;
  /** Pixels. */
  width: number;
  height: number;
  /** Leaves bad images out of their batch and lists them in `badImages`; otherwise the first ends the epoch. */
  skipBad?: boolean;
  /** Decoded images; several loaders may share it. One of 256 MiB of its own by default. */
  cache?: ImageCache;
  prefetch?: number;
  decodesAtOnce?: number;
}

/** One batch. Its arrays are written again once the next batch is asked for. */
export interface Batch {
  /** The number of the batch in its epoch, from 0. */
  index: number;
  /** [batchSize, height, width, 3]; rows from `valid` on are zero. */
  bytes: Uint8Array;
  /** [batchSize, sum of classes] one-hot, heads side by side; all zero where a label is missing. */
  labels: Float32Array;
  /** Rows that hold an image; at least 1. */
  valid: number;
  /** The data set's index of the image in each valid row. */
  indices: number[];
}

/** An image that was left out. */
export interface BadImage {
  index: number;
  /** As the label file has it. */
  path: string;
  /** The whole line: `Annotations/label.csv:3: Images/a.jpg: …`. */
  message: string;
}

/** Where an epoch begins and how it ends early. */
export interface EpochOptions {
  /** The first batch to deliver, for a resumed epoch. */
  firstBatch?: number | undefined;
  /** Ends the epoch with the signal's reason. */
  signal?: AbortSignal | undefined;
}

interface Slot {
  bytes: Uint8Array;
  labels: Float32Array;
}

/** One call of `epoch`: what its decodes look at before they start. */
interface Epoch {
  signal: AbortSignal | undefined;
  isOver: boolean;
}

interface PendingBatch {
  slot: Slot;
  batch: Promise<Batch>;
}

/** Delivers a data set's images in batches. Loading needs no GPU and knows of none. */
export class BatchLoader {
  private readonly cache: ImageCache;
  private readonly queue: TaskQueue;
  private readonly freeSlots: Slot[] = [];
  private readonly bad = new Map<number, BadImage>();
  private readonly firstColumn: number[] = [];
  private readonly labelWidth: number;
  private readonly imageBytes: number;

  constructor(
    private readonly dataset: AttributeDataset,
    private readonly decoder: ImageDecoder,
    private readonly options: BatchOptions,
  ) {
    const { batchSize, width, height, cache, decodesAtOnce = DEFAULT_DECODES_AT_ONCE } = options;
    if (
      ![batchSize, width, height, decodesAtOnce].every((value) => Number.isSafeInteger(value) && value > 0)
    ) {
      throw new WeftError(
        `batches of ${batchSize} images of ${width} x ${height}: expected whole numbers from 1`,
      );
    }
    this.cache = cache ?? new ImageCache();
    this.queue = new TaskQueue(decodesAtOnce);
    this.imageBytes = width * height * 3;
    let column = 0;
    for (const { classes } of dataset.heads) {
      this.firstColumn.push(column);
      column += classes;
    }
    this.labelWidth = column;
  }

  /** The images left out so far, in the data set's order. Empty without `skipBad`. */
  get badImages(): BadImage[] {
    return [...this.bad.values()].sort((a, b) => a.index - b.index);
  }

  /** How many batches so many images make. */
  batchCount(images: number): number {
    return Math.ceil(images / this.options.batchSize);
  }

  /**
   * The batches of the given images in the given order; the last one may be partial. With `skipBad` a bad
   * image shortens its own batch only, so that every other batch and the number of batches stay the same;
   * a batch of nothing but bad images is not delivered.
   * @throws WeftError `Annotations/label.csv:3: Images/a.jpg: …` for the first bad image of the order
   */
  async *epoch(order: readonly number[], options: EpochOptions = {}): AsyncGenerator<Batch, void, undefined> {
    const { firstBatch = 0, signal } = options;
    const { batchSize, prefetch = DEFAULT_PREFETCH } = this.options;
    const epoch: Epoch = { signal, isOver: false };
    const pending: PendingBatch[] = [];
    const count = this.batchCount(order.length);
    let next = firstBatch;
    const startBatches = (atOnce: number) => {
      for (; pending.length < atOnce && next < count; next++) {
        pending.push(this.startBatch(next, order.slice(next * batchSize, (next + 1) * batchSize), epoch));
      }
    };
    try {
      for (let index = firstBatch; index < count; index++) {
        signal?.throwIfAborted();
        startBatches(1 + prefetch);
        const first = pending[0];
        if (!first) throw new Error(`batch ${index} of ${count} was never started`);
        const batch = await first.batch;
        signal?.throwIfAborted();
        if (batch.valid > 0) yield batch;
        pending.shift();
        this.freeSlots.push(first.slot);
      }
    } finally {
      epoch.isOver = true;
      // Decodes in flight still write to their slots: these are free only when all have ended.
      await Promise.allSettled(pending.map(({ batch }) => batch));
      this.freeSlots.push(...pending.map(({ slot }) => slot));
    }
  }

  private startBatch(index: number, images: readonly number[], epoch: Epoch): PendingBatch {
    const { batchSize } = this.options;
    const slot = this.freeSlots.pop() ?? {
      bytes: new Uint8Array(batchSize * this.imageBytes),
      labels: new Float32Array(batchSize * this.labelWidth),
    };
    const batch = this.fill(slot, index, images, epoch);
    batch.catch(() => {}); // reported when its turn comes, or dropped with the epoch
    return { slot, batch };
  }

  /** Fills a slot: images into the rows of their order, then the rows of bad ones closed up. */
  private async fill(slot: Slot, index: number, images: readonly number[], epoch: Epoch): Promise<Batch> {
    const outcomes = await Promise.allSettled(
      images.map((image, row) => this.place(slot, row, image, epoch)),
    );
    epoch.signal?.throwIfAborted();
    const indices: number[] = [];
    for (const [row, outcome] of outcomes.entries()) {
      const image = images[row];
      if (image === undefined) continue;
      if (outcome.status === "rejected") {
        this.acceptBadImage(image, outcome.reason);
        continue;
      }
      const valid = indices.push(image) - 1;
      if (valid < row) {
        const start = row * this.imageBytes;
        slot.bytes.copyWithin(valid * this.imageBytes, start, start + this.imageBytes);
      }
    }
    slot.bytes.fill(0, indices.length * this.imageBytes);
    this.fillLabels(slot.labels, indices);
    return { index, bytes: slot.bytes, labels: slot.labels, valid: indices.length, indices };
  }

  private async place(slot: Slot, row: number, image: number, epoch: Epoch): Promise<void> {
    const { width, height } = this.options;
    const record = this.dataset.images[image];
    if (!record) throw new RangeError(`the data set has no image ${image}`);
    const earlier = this.bad.get(image);
    if (earlier) throw new WeftError(earlier.message);
    const key = `${joinPath(this.dataset.folder, record.path)} ${width} x ${height}`;
    let pixels = this.cache.get(key);
    if (!pixels) {
      pixels = await this.queue.run(async () => {
        epoch.signal?.throwIfAborted();
        if (epoch.isOver) throw new Error("the epoch is over");
        return this.decode(record.path, record.line);
      });
      this.cache.offer(key, pixels);
    }
    slot.bytes.set(pixels, row * this.imageBytes);
  }

  private async decode(path: string, line: number): Promise<Uint8Array> {
    const { width, height } = this.options;
    const { folder, labelFile } = this.dataset;
    const fullPath = joinPath(folder, path);
    let pixels: Uint8Array;
    try {
      pixels = await this.decoder.decode(fullPath, width, height);
    } catch (thrown) {
      if (!(thrown instanceof WeftError)) throw thrown;
      const reason = thrown.message.replace(`${fullPath}: `, "");
      throw new WeftError(`${labelFile}:${line}: ${path}: ${reason}`, { cause: thrown });
    }
    if (pixels.byteLength !== this.imageBytes) {
      throw new Error(`${fullPath}: the decoder returned ${pixels.byteLength} bytes, not ${this.imageBytes}`);
    }
    return pixels;
  }

  /** Notes a bad image where that is allowed; throws what is wrong with it otherwise. */
  private acceptBadImage(index: number, reason: unknown): void {
    if (!this.options.skipBad || !(reason instanceof WeftError)) throw reason;
    const path = this.dataset.images[index]?.path ?? "";
    this.bad.set(index, { index, path, message: reason.message });
  }

  private fillLabels(labels: Float32Array, indices: readonly number[]): void {
    labels.fill(0);
    for (const [row, image] of indices.entries()) {
      for (const [head, label] of (this.dataset.images[image]?.classes ?? []).entries()) {
        if (label >= 0) labels[row * this.labelWidth + (this.firstColumn[head] ?? 0) + label] = 1;
      }
    }
  }
}
