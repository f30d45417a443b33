// Batches of decoded images, prefetched: while the GPU works on one batch the next ones are decoded.
// What a batch holds is a function of the order alone, never of how long a decode took.

import { WeftError } from "../base/errors.ts";
import { joinPath } from "../base/platform.ts";
import type { LabelledImage } from "../formats/label_csv.ts";
import { type AttributeDataset, imagePlace } from "./dataset.ts";
import { ImageCache } from "./image_cache.ts";
import type { ImageDecoder } from "./images.ts";
import { TaskQueue } from "./task_queue.ts";

/** Batches that are ready or being prepared while the consumer holds one. */
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
  /** How many images of the epoch's order are behind this batch, bad ones included: where a resumed epoch begins. */
  end: number;
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
  /** The place in the order where the first batch begins, for a resumed epoch: the `end` of an earlier batch. */
  start?: number | undefined;
  /** The number of that batch; by default as if no image had turned out to be bad in this epoch. */
  firstIndex?: number | undefined;
  /** Ends the epoch with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** One call of `epoch`: what its decodes look at before they start. */
interface Epoch {
  signal: AbortSignal | undefined;
  isOver: boolean;
}

/**
 * Images of the next batch where `remaining` are to be spread over batches of at most `batchSize`: as evenly as
 * whole numbers go. A last batch of the remainder alone would make batch norm's moving averages and the optimizer
 * count a few images as much as a full batch.
 */
function evenShare(remaining: number, batchSize: number): number {
  return Math.ceil(remaining / Math.ceil(remaining / batchSize));
}

/** Images of an epoch's smallest batch where `images` are spread over batches of at most `batchSize`. */
export function smallestBatch(images: number, batchSize: number): number {
  return Math.floor(images / Math.ceil(images / batchSize));
}

/** The images of an order, decoded ahead of their turn. */
class DecodedImages {
  private readonly ahead: Promise<Uint8Array>[] = [];

  /**
   * @param taken images of the order that are behind
   * @param remaining images to come, less those known to be bad
   */
  constructor(
    private readonly order: readonly number[],
    public taken: number,
    public remaining: number,
    private readonly isPlanned: (image: number) => boolean,
    private readonly decode: (image: number) => Promise<Uint8Array>,
  ) {}

  /** The next image; `atOnce` of them, this one included, are decoded or being decoded. Undefined at the end. */
  next(atOnce: number): { image: number; pixels: Promise<Uint8Array> } | undefined {
    while (this.ahead.length < atOnce) {
      const image = this.order[this.taken + this.ahead.length];
      if (image === undefined) break;
      this.ahead.push(this.decode(image));
    }
    const pixels = this.ahead.shift();
    const image = this.order[this.taken];
    if (!pixels || image === undefined) return undefined;
    this.taken++;
    if (this.isPlanned(image)) this.remaining--;
    return { image, pixels };
  }

  /** Resolves when no decode is running any more. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.ahead);
  }
}

/** Delivers a data set's images in batches. Loading needs no GPU and knows of none. */
export class BatchLoader {
  private readonly cache: ImageCache;
  private readonly queue: TaskQueue;
  private readonly freeArrays: Pick<Batch, "bytes" | "labels">[] = [];
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

  /**
   * Leaves images out that are known to be bad, as an earlier loader's `badImages` has them.
   * @throws WeftError if the data set has other images now
   */
  leaveOut(bad: readonly BadImage[]): void {
    for (const image of bad) {
      const { path = "none" } = this.dataset.images[image.index] ?? {};
      if (path !== image.path) {
        throw new WeftError(
          `${this.dataset.labelFile}: image ${image.index} was ${image.path} and is ${path} now. Continue with the ` +
            "label file that the training began with.",
        );
      }
      this.bad.set(image.index, image);
    }
  }

  /**
   * The batches of the given images in the given order, each of them as large as the others or one larger. With
   * `skipBad` a bad image is left out and the images behind it move up, so that a batch is as large as planned; an
   * image known to be bad since an earlier epoch is not planned with.
   * @throws WeftError `Annotations/label.csv:3: Images/a.jpg: …` for the first bad image of the order
   */
  async *epoch(order: readonly number[], options: EpochOptions = {}): AsyncGenerator<Batch, void, undefined> {
    const { start = 0, signal } = options;
    const { batchSize, prefetch = DEFAULT_PREFETCH } = this.options;
    const epoch: Epoch = { signal, isOver: false };
    const knownBad = new Set(this.bad.keys());
    const isPlanned = (image: number) => !knownBad.has(image);
    const remaining = order.slice(start).filter(isPlanned).length;
    const planned = Math.ceil(order.filter(isPlanned).length / batchSize);
    let index = options.firstIndex ?? planned - Math.ceil(remaining / batchSize);
    const source = new DecodedImages(order, start, remaining, isPlanned, (image) => {
      const pixels = this.pixelsOf(image, epoch);
      pixels.catch(() => {}); // reported when its turn comes, or dropped with the epoch
      return pixels;
    });
    const arrays = this.freeArrays.pop() ?? {
      bytes: new Uint8Array(batchSize * this.imageBytes),
      labels: new Float32Array(batchSize * this.labelWidth),
    };
    try {
      while (source.remaining > 0) {
        signal?.throwIfAborted();
        const rows = evenShare(source.remaining, batchSize);
        const indices = await this.fill(arrays.bytes, source, rows, prefetch * batchSize);
        signal?.throwIfAborted();
        if (indices.length === 0) break;
        this.fillLabels(arrays.labels, indices);
        yield { ...arrays, index: index++, valid: indices.length, indices, end: source.taken };
      }
    } finally {
      epoch.isOver = true;
      await source.settle();
      this.freeArrays.push(arrays);
    }
  }

  /** Fills rows with the next good images, zeros behind them; returns which they are. */
  private async fill(
    bytes: Uint8Array,
    source: DecodedImages,
    rows: number,
    ahead: number,
  ): Promise<number[]> {
    const indices: number[] = [];
    while (indices.length < rows) {
      const next = source.next(rows - indices.length + ahead);
      if (!next) break;
      try {
        bytes.set(await next.pixels, indices.length * this.imageBytes);
      } catch (thrown) {
        this.acceptBadImage(next.image, thrown);
        continue;
      }
      indices.push(next.image);
    }
    bytes.fill(0, indices.length * this.imageBytes);
    return indices;
  }

  /** Pixels of an image, of the cache or decoded when its turn comes. */
  private async pixelsOf(image: number, epoch: Epoch): Promise<Uint8Array> {
    const { width, height } = this.options;
    const record = this.dataset.images[image];
    if (!record) throw new RangeError(`the data set has no image ${image}`);
    const earlier = this.bad.get(image);
    if (earlier) throw new WeftError(earlier.message);
    const key = `${joinPath(this.dataset.folder, record.path)} ${width} x ${height}`;
    const known = this.cache.get(key);
    if (known) return known;
    const pixels = await this.queue.run(async () => {
      epoch.signal?.throwIfAborted();
      if (epoch.isOver) throw new Error("the epoch is over");
      return this.decode(record);
    });
    this.cache.offer(key, pixels);
    return pixels;
  }

  private async decode(image: LabelledImage): Promise<Uint8Array> {
    const { width, height } = this.options;
    const fullPath = joinPath(this.dataset.folder, image.path);
    let pixels: Uint8Array;
    try {
      pixels = await this.decoder.decode(fullPath, width, height);
    } catch (thrown) {
      if (!(thrown instanceof WeftError)) throw thrown;
      const { problem, remedy } = thrown;
      const reason = problem.replace(`${fullPath}: `, "");
      throw new WeftError(`${imagePlace(this.dataset, image)}: ${reason}`, { cause: thrown, remedy });
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
    this.bad.set(index, { index, path, message: reason.problem });
  }

  private fillLabels(labels: Float32Array, indices: readonly number[]): void {
    labels.fill(0);
    for (const [row, image] of indices.entries()) {
      for (const label of this.dataset.images[image]?.labels ?? []) {
        labels[row * this.labelWidth + (this.firstColumn[label.head] ?? 0) + label.class] = 1;
      }
    }
  }
}
