// Timestamps of the adapter: queries that passes write; all are resolved and read back together.

import { BUFFER_USAGE, MAP_MODE_READ } from "./constants.ts";
import type { GpuDevice } from "./device.ts";

/** Queries of one set: a limit of WebGPU. */
const QUERIES_A_SET = 4096;
const TIMESTAMP_BYTES = 8;

/** A set of timestamps; the adapter must have the feature timestamp-query. */
export class Timestamps {
  private readonly sets: readonly GPUQuerySet[];
  private readonly resolved: GPUBuffer;
  private readonly staging: GPUBuffer;

  constructor(
    private readonly device: GpuDevice,
    count: number,
  ) {
    this.sets = Array.from({ length: Math.ceil(count / QUERIES_A_SET) }, (_, i) =>
      device.raw.createQuerySet({
        type: "timestamp",
        count: Math.min(QUERIES_A_SET, count - i * QUERIES_A_SET),
      }),
    );
    const bytes = Math.max(1, count) * TIMESTAMP_BYTES;
    const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = BUFFER_USAGE;
    this.resolved = device.createBuffer("timestamps", bytes, QUERY_RESOLVE | COPY_SRC);
    this.staging = device.createBuffer("timestamps read back", bytes, MAP_READ | COPY_DST);
  }

  /** Where a timestamp is written; the two of a pass are in one set if the first index is even. */
  place(index: number): { readonly querySet: GPUQuerySet; readonly index: number } {
    const querySet = this.sets[Math.floor(index / QUERIES_A_SET)];
    if (!querySet) throw new Error(`there is no timestamp ${index}`);
    return { querySet, index: index % QUERIES_A_SET };
  }

  /** Writes one timestamp between the passes that are encoded before and after. */
  mark(encoder: GPUCommandEncoder, index: number): void {
    const { querySet, index: at } = this.place(index);
    // It is written at the end of the pass before or at the beginning of the pass after: an empty pass is both.
    const edge = index % 2 === 0 ? { endOfPassWriteIndex: at } : { beginningOfPassWriteIndex: at };
    encoder.beginComputePass({ timestampWrites: { querySet, ...edge } }).end();
  }

  /** Encodes the commands that read them back. */
  resolve(encoder: GPUCommandEncoder): void {
    this.sets.forEach((set, i) => {
      encoder.resolveQuerySet(set, 0, set.count, this.resolved, i * QUERIES_A_SET * TIMESTAMP_BYTES);
    });
    encoder.copyBufferToBuffer(this.resolved, 0, this.staging, 0, this.staging.size);
  }

  /** Nanoseconds of each timestamp, once the submitted work is done. */
  async read(): Promise<BigUint64Array> {
    await this.device.wait(this.staging.mapAsync(MAP_MODE_READ));
    const stamps = new BigUint64Array(this.staging.getMappedRange().slice(0));
    this.staging.unmap();
    return stamps;
  }

  destroy(): void {
    for (const set of this.sets) set.destroy();
    this.device.destroyBuffer(this.resolved);
    this.device.destroyBuffer(this.staging);
  }
}
