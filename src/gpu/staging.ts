// Returns values from the GPU without stalling it: a ring of staging buffers. A step copies its outputs into the next
// free slot and maps it. The host reads the slot when the map resolves; by then the next step is already on the queue.
// At most `slots` steps are in flight.

import { messageOf } from "../base/errors.ts";
import { BUFFER_USAGE, MAP_MODE_READ } from "./constants.ts";
import type { GpuDevice } from "./device.ts";

/** The size of the ring's buffers. */
export const STAGING_USAGE = BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST;

interface Slot {
  readonly buffer: GPUBuffer;
  /** Resolves when the last step that claimed the slot has released it. */
  free: Promise<void>;
}

/** A slot that belongs to one step until it is read or released. */
export interface ClaimedSlot {
  readonly buffer: GPUBuffer;
  /** Maps the buffer, resolves with the result of `take` for its bytes, and releases the slot. */
  read<T>(take: (bytes: ArrayBuffer) => T): Promise<T>;
  /** Releases a slot that will not be read. */
  release(): void;
}

export class StagingRing {
  private readonly ring: Slot[];
  private next = 0;

  /** At most as many steps are in flight as there are buffers. The buffers still belong to their creator. */
  constructor(
    buffers: readonly GPUBuffer[],
    private readonly device: GpuDevice,
  ) {
    this.ring = buffers.map((buffer) => ({ buffer, free: Promise.resolve() }));
  }

  /** Claims the oldest slot and waits until it is free. Concurrent callers get slots in turn. */
  async acquire(): Promise<ClaimedSlot> {
    const slot = this.ring[this.next];
    if (!slot) throw new Error("a staging ring without slots");
    this.next = (this.next + 1) % this.ring.length;
    const { buffer, free } = slot;
    let release = () => {};
    slot.free = new Promise((resolve) => {
      release = resolve;
    });
    await free;
    const read = <T>(take: (bytes: ArrayBuffer) => T): Promise<T> => {
      const result = this.readBuffer(buffer, take);
      result.then(release, release);
      return result;
    };
    return { buffer, read, release };
  }

  private async readBuffer<T>(buffer: GPUBuffer, take: (bytes: ArrayBuffer) => T): Promise<T> {
    try {
      await this.device.wait(buffer.mapAsync(MAP_MODE_READ));
    } catch (thrown) {
      this.device.throwIfLost();
      throw new Error(
        `the values of a step cannot be read back: ${messageOf(thrown) || "the map was aborted"}`,
      );
    }
    const value = take(buffer.getMappedRange());
    buffer.unmap();
    return value;
  }
}
