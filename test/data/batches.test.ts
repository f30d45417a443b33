import { describe, expect, it } from "vitest";
import { WeftError } from "../../src/base/errors.ts";
import { RandomStream } from "../../src/base/random.ts";
import { type Batch, BatchLoader, type BatchOptions } from "../../src/data/batches.ts";
import type { AttributeDataset } from "../../src/data/dataset.ts";
import { ImageCache } from "../../src/data/image_cache.ts";
import type { ImageDecoder } from "../../src/data/images.ts";

const SIZE = { width: 3, height: 2 };
const IMAGE_BYTES = 18;
const IMAGES = 23;

/** Image i has the class i % 2 of head x, i % 3 of head y, and every fifth image lacks its label of y. */
const DATASET: AttributeDataset = {
  folder: "data",
  labelFile: "Annotations/label.csv",
  heads: [
    { name: "x", classes: 2, rows: 23 },
    { name: "y", classes: 3, rows: 18 },
  ],
  images: Array.from({ length: IMAGES }, (_, i) => ({
    path: `Images/${i}.jpg`,
    line: i + 1,
    labels: [
      { head: 0, letters: i % 2 === 0 ? "yn" : "ny", class: i % 2 },
      ...(i % 5 === 0 ? [] : [{ head: 1, letters: ["ynn", "nyn", "nny"][i % 3] ?? "", class: i % 3 }]),
    ],
  })),
  badRows: [],
  notes: [],
};

/** Decodes image i to bytes of the value i + 1, in a time that differs from call to call. */
class FakeDecoder implements ImageDecoder {
  decodes: number[] = [];
  running = 0;
  mostRunning = 0;
  private readonly random: RandomStream;

  constructor(
    seed: number,
    private readonly bad: ReadonlySet<number> = new Set(),
  ) {
    this.random = new RandomStream(seed, "test/delay");
  }

  async decode(image: string | Uint8Array, width: number, height: number): Promise<Uint8Array> {
    const index = Number(/data\/Images\/(\d+)\.jpg/.exec(String(image))?.[1]);
    this.decodes.push(index);
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    await new Promise((resolve) => setTimeout(resolve, this.random.below(4)));
    this.running--;
    if (this.bad.has(index)) throw new WeftError(`data/Images/${index}.jpg: cannot be decoded`);
    return new Uint8Array(width * height * 3).fill(index + 1);
  }
}

interface Copied extends Omit<Batch, "bytes" | "labels"> {
  rows: number[];
  labels: number[][];
}

function copy(batch: Batch): Copied {
  const rows = Array.from({ length: batch.bytes.length / IMAGE_BYTES }, (_, row) => {
    const pixels = batch.bytes.subarray(row * IMAGE_BYTES, (row + 1) * IMAGE_BYTES);
    expect(new Set(pixels).size).toBe(1);
    return pixels[0] ?? -1;
  });
  const labels = rows.map((_, row) => [...batch.labels.subarray(row * 5, row * 5 + 5)]);
  const { index, valid, indices, end } = batch;
  return { index, valid, indices: [...indices], end, rows, labels };
}

function makeLoader(decoder: ImageDecoder, options: Partial<BatchOptions> = {}): BatchLoader {
  return new BatchLoader(DATASET, decoder, { batchSize: 4, ...SIZE, ...options });
}

async function collect(loader: BatchLoader, order: readonly number[], start = 0): Promise<Copied[]> {
  const batches: Copied[] = [];
  for await (const batch of loader.epoch(order, { start })) batches.push(copy(batch));
  return batches;
}

const ORDER = new RandomStream(5, "test/order").shuffled(Array.from({ length: IMAGES }, (_, i) => i));

describe("BatchLoader", () => {
  it("delivers the order in batches, the last one partial and padded with zeros", async () => {
    const batches = await collect(makeLoader(new FakeDecoder(1)), ORDER);
    expect(batches.map(({ valid }) => valid)).toEqual([4, 4, 4, 4, 4, 3]);
    expect(batches.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(batches.flatMap(({ indices }) => indices)).toEqual(ORDER);
    for (const { rows, indices, valid } of batches) {
      expect(rows.slice(0, valid)).toEqual(indices.map((index) => index + 1));
      expect(rows.slice(valid)).toEqual(Array(4 - valid).fill(0));
    }
  });

  it.each([
    [1, [1]],
    [3, [3]],
    [5, [3, 2]],
    [9, [3, 3, 3]],
    [17, [4, 4, 3, 3, 3]],
    [20, [4, 4, 4, 4, 4]],
    [21, [4, 4, 4, 3, 3, 3]],
  ])("spreads %i images evenly over batches of at most 4", async (count, sizes) => {
    const batches = await collect(makeLoader(new FakeDecoder(1)), ORDER.slice(0, count));
    expect(batches.map(({ valid }) => valid)).toEqual(sizes);
    expect(batches.flatMap(({ indices }) => indices)).toEqual(ORDER.slice(0, count));
    expect(batches.at(-1)?.end).toBe(count);
  });

  it("writes labels one-hot, heads side by side, zero where a label is missing", async () => {
    const [batch] = await collect(makeLoader(new FakeDecoder(1)), [7, 10, 2]);
    expect(batch?.labels).toEqual([
      [0, 1, 0, 1, 0],
      [1, 0, 0, 0, 0],
      [1, 0, 0, 0, 1],
      [0, 0, 0, 0, 0],
    ]);
  });

  it("delivers the same however long decodes take, and goes on at any batch", async () => {
    const reference = await collect(makeLoader(new FakeDecoder(1)), ORDER);
    for (const seed of [2, 3]) {
      const loader = makeLoader(new FakeDecoder(seed), { prefetch: seed, decodesAtOnce: 5 });
      expect(await collect(loader, ORDER)).toEqual(reference);
      expect(await collect(loader, ORDER, reference[3]?.end)).toEqual(reference.slice(4));
    }
  });

  it("decodes no more images at once than allowed, and ahead of the consumer", async () => {
    const decoder = new FakeDecoder(1);
    const loader = makeLoader(decoder, { decodesAtOnce: 3, prefetch: 1 });
    const batches = loader.epoch(ORDER);
    await batches.next();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(decoder.decodes).toEqual(ORDER.slice(0, 8)); // this batch and one ahead, no more
    expect(decoder.mostRunning).toBe(3);
    await batches.return();
  });

  it("decodes an image once as long as the cache has room, and never holds more than its budget", async () => {
    const roomy = new FakeDecoder(1);
    const cached = makeLoader(roomy);
    const first = await collect(cached, ORDER);
    expect(await collect(cached, ORDER)).toEqual(first);
    expect(roomy.decodes).toHaveLength(IMAGES);

    const tight = new FakeDecoder(1);
    const cache = new ImageCache(10 * IMAGE_BYTES + 1);
    const bounded = makeLoader(tight, { cache });
    expect(await collect(bounded, ORDER)).toEqual(first);
    expect(await collect(bounded, ORDER)).toEqual(first);
    expect(cache.heldBytes).toBe(10 * IMAGE_BYTES);
    expect(tight.decodes).toHaveLength(2 * IMAGES - 10);
  });

  it("makes no batch buffers after the first few batches", async () => {
    const loader = makeLoader(new FakeDecoder(1), { prefetch: 2 });
    const buffers = new Set<ArrayBufferLike>();
    for (let epoch = 0; epoch < 3; epoch++) {
      for await (const { bytes, labels } of loader.epoch(ORDER)) buffers.add(bytes.buffer).add(labels.buffer);
    }
    expect(buffers.size).toBe(2);
  });

  it("leaves a batch alone while the consumer holds it", async () => {
    const loader = makeLoader(new FakeDecoder(1), { prefetch: 3 });
    for await (const batch of loader.epoch(ORDER)) {
      const before = copy(batch);
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(copy(batch)).toEqual(before);
    }
  });
});

describe("BatchLoader with bad images", () => {
  const bad = new Set([ORDER[5] ?? -1, ORDER[2] ?? -1, ...ORDER.slice(12, 16)]);

  it("ends with the first bad image of the order, by line and path", async () => {
    for (const seed of [1, 2, 3]) {
      const loader = makeLoader(new FakeDecoder(seed, bad), { decodesAtOnce: 8 });
      const first = ORDER[2] ?? -1;
      await expect(collect(loader, ORDER)).rejects.toThrow(
        new WeftError(`Annotations/label.csv:${first + 1}: Images/${first}.jpg: cannot be decoded`),
      );
      expect(loader.badImages).toEqual([]);
    }
  });

  it("leaves them out with skipBad: the images behind move up", async () => {
    const loader = makeLoader(new FakeDecoder(1, bad), { skipBad: true });
    const batches = await collect(loader, ORDER);
    expect(batches.map(({ index, valid, end }) => [index, valid, end])).toEqual([
      [0, 4, 5],
      [1, 4, 10],
      [2, 4, 18],
      [3, 3, 21],
      [4, 2, 23],
    ]);
    expect(batches.flatMap(({ indices }) => indices)).toEqual(ORDER.filter((index) => !bad.has(index)));
    for (const { rows, indices } of batches) {
      expect(rows.slice(0, indices.length)).toEqual(indices.map((index) => index + 1));
      expect(rows.slice(indices.length).every((value) => value === 0)).toBe(true);
    }
    expect(loader.badImages.map(({ index }) => index)).toEqual([...bad].sort((a, b) => a - b));
    expect(loader.badImages[0]?.message).toMatch(/^Annotations\/label\.csv:\d+: Images\/\d+\.jpg: cannot be/);
  });

  it("plans the next epoch without those it knows to be bad, wherever that is resumed", async () => {
    const loader = makeLoader(new FakeDecoder(1, bad), { skipBad: true });
    await collect(loader, ORDER);
    const batches = await collect(loader, ORDER);
    expect(batches.map(({ index, valid }) => [index, valid])).toEqual([
      [0, 4],
      [1, 4],
      [2, 3],
      [3, 3],
      [4, 3],
    ]);
    for (const [i, { end }] of batches.entries()) {
      expect(await collect(loader, ORDER, end)).toEqual(batches.slice(i + 1));
    }
  });

  it("delivers nothing where all are bad", async () => {
    const loader = makeLoader(new FakeDecoder(1, new Set(ORDER)), { skipBad: true });
    expect(await collect(loader, ORDER)).toEqual([]);
    expect(await collect(loader, ORDER)).toEqual([]);
  });

  it("gives the same however long decodes take, and tries a bad image once", async () => {
    const slow = new FakeDecoder(9, bad);
    const loader = makeLoader(slow, { skipBad: true, decodesAtOnce: 7, prefetch: 4 });
    const reference = await collect(makeLoader(new FakeDecoder(1, bad), { skipBad: true }), ORDER);
    expect(await collect(loader, ORDER)).toEqual(reference);
    await collect(loader, ORDER);
    expect(slow.decodes).toHaveLength(IMAGES);
  });

  it("does not take a fault of the decoder itself for a bad image", async () => {
    const decoder = { decode: () => Promise.reject(new TypeError("a bug")) };
    await expect(collect(makeLoader(decoder, { skipBad: true }), ORDER)).rejects.toThrow(TypeError);
    const wrongSize = { decode: () => Promise.resolve(new Uint8Array(5)) };
    await expect(collect(makeLoader(wrongSize, { skipBad: true }), ORDER)).rejects.toThrow(
      /returned 5 bytes, not 18/,
    );
  });
});

describe("BatchLoader, ended early", () => {
  it("stops at a signal, decodes nothing more, and can be used again", async () => {
    const decoder = new FakeDecoder(1);
    const loader = makeLoader(decoder);
    const controller = new AbortController();
    const batches = loader.epoch(ORDER, { signal: controller.signal });
    await batches.next();
    controller.abort(new Error("stopped by the test"));
    await expect(batches.next()).rejects.toThrow("stopped by the test");
    const decoded = decoder.decodes.length;
    expect(decoder.running).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(decoder.decodes).toHaveLength(decoded);
    const reference = await collect(makeLoader(new FakeDecoder(2)), ORDER);
    expect(await collect(loader, ORDER)).toEqual(reference);
  });

  it("does not start where the signal has fired already", async () => {
    const decoder = new FakeDecoder(1);
    const batches = makeLoader(decoder).epoch(ORDER, { signal: AbortSignal.abort(new Error("before")) });
    await expect(batches.next()).rejects.toThrow("before");
    expect(decoder.decodes).toEqual([]);
  });

  it("waits for its decodes where the consumer breaks off", async () => {
    const decoder = new FakeDecoder(1);
    for await (const _ of makeLoader(decoder).epoch(ORDER)) break;
    expect(decoder.running).toBe(0);
  });

  it("refuses sizes that are not whole numbers from 1", () => {
    expect(() => makeLoader(new FakeDecoder(1), { batchSize: 0 })).toThrow(WeftError);
    expect(() => makeLoader(new FakeDecoder(1), { width: 2.5 })).toThrow(/expected whole numbers from 1/);
  });
});
