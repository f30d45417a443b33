// How values come back from the GPU without stalling it: a ring of staging buffers. A step copies its
// outputs into the next free slot and maps it; the host looks at it when the map resolves, by then
// the next step is already on the queue. At most `slots` steps are in flight.

import { BUFFER_USAGE, MAP_MODE_READ } from "./constants.ts";
import type { GpuDevice } from "./device.ts";

interface Slot {
  readonly buffer: GPUBuffer;
  /** Resolves when the slot may be written again. */
  free: Promise<unknown>;
}

export class StagingRing {
  private readonly ring: Slot[];
  private next = 0;

  /** `bytes` a slot; `slots` steps may be in flight. */
  constructor(
    private readonly device: GpuDevice,
    label: string,
    readonly bytes: number,
    slots: number,
  ) {
    const usage = BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST;
    this.ring = Array.from({ length: slots }, (_, i) => ({
      buffer: device.createBuffer(`${label} staging ${i}`, bytes, usage),
      free: Promise.resolve(),
    }));
  }

  /** Waits until the oldest slot is free and hands it out. Calls must be followed by `read`. */
  async acquire(): Promise<GPUBuffer> {
    const slot = this.ring[this.next];
    if (!slot) throw new Error("a staging ring without slots");
    await slot.free;
    return slot.buffer;
  }

  /** Maps the slot handed out last and resolves with what `take` makes of its bytes. */
  read<T>(take: (bytes: ArrayBuffer) => T): Promise<T> {
    const slot = this.ring[this.next];
    if (!slot) throw new Error("a staging ring without slots");
    this.next = (this.next + 1) % this.ring.length;
    const result = this.device.wait(slot.buffer.mapAsync(MAP_MODE_READ)).then(
      () => {
        const value = take(slot.buffer.getMappedRange());
        slot.buffer.unmap();
        return value;
      },
      (thrown: unknown) => {
        this.device.throwIfLost();
        throw thrown;
      },
    );
    slot.free = result.catch(() => undefined);
    return result;
  }

  destroy(): void {
    for (const { buffer } of this.ring) this.device.destroyBuffer(buffer);
  }
}
