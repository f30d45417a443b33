// Reads ranges of buffers back in one transfer, through a buffer of its own: for occasional reads. The outputs of every
// step go through the ring of staging.ts.

import type { BufferRange } from "./commands.ts";
import { MAP_MODE_READ } from "./constants.ts";
import type { GpuDevice } from "./device.ts";
import { STAGING_USAGE } from "./staging.ts";

/**
 * Copies the contents of the ranges once the work before the copy is done.
 * @param label of the buffer, for the device's messages.
 * @returns the bytes of each range.
 */
export async function readRanges(
  device: GpuDevice,
  ranges: readonly BufferRange[],
  label: string,
): Promise<ArrayBuffer[]> {
  const total = ranges.reduce((sum, { bytes }) => sum + bytes, 0);
  const staging = device.createBuffer(label, Math.max(4, total), STAGING_USAGE);
  try {
    const encoder = device.raw.createCommandEncoder();
    let at = 0;
    for (const { buffer, offset, bytes } of ranges) {
      encoder.copyBufferToBuffer(buffer, offset, staging, at, bytes);
      at += bytes;
    }
    device.raw.queue.submit([encoder.finish()]);
    await device.wait(staging.mapAsync(MAP_MODE_READ));
    const mapped = staging.getMappedRange();
    at = 0;
    return ranges.map(({ bytes }) => {
      at += bytes;
      return mapped.slice(at - bytes, at);
    });
  } finally {
    device.destroyBuffer(staging);
  }
}
