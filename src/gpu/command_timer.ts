// How long commands take: by the adapter's timestamps where it has them, else by the host's clock.

import { type Command, encodeCommands } from "./commands.ts";
import { BUFFER_USAGE, MAP_MODE_READ } from "./constants.ts";
import type { GpuDevice } from "./device.ts";

const TIMESTAMP_BYTES = 8;

/** Times one list of commands, which may be repeated. */
export class CommandTimer {
  private readonly queries: GPUQuerySet | undefined;
  private readonly buffers: readonly GPUBuffer[] = [];

  constructor(
    private readonly device: GpuDevice,
    private readonly commands: readonly Command[],
    /** Seconds on a clock that only goes forward. */
    private readonly now: () => number,
  ) {
    if (!device.facts.features.has("timestamp-query")) return;
    const bytes = 2 * TIMESTAMP_BYTES;
    const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = BUFFER_USAGE;
    this.queries = device.raw.createQuerySet({ type: "timestamp", count: 2 });
    this.buffers = [
      device.createBuffer("timestamps", bytes, QUERY_RESOLVE | COPY_SRC),
      device.createBuffer("timestamps read back", bytes, MAP_READ | COPY_DST),
    ];
  }

  /**
   * Seconds of one repetition.
   * @throws Error for a validation error, WeftError where memory ran out or the device was lost.
   */
  async seconds(repetitions: number): Promise<number> {
    const started = this.now();
    await this.device.checked("a timed kernel", () => this.submit(repetitions));
    await this.device.idle();
    const byHost = this.now() - started;
    return ((await this.readClock()) ?? byHost) / repetitions;
  }

  private submit(repetitions: number): void {
    const { queries, buffers } = this;
    const encoder = this.device.raw.createCommandEncoder();
    const mark = (at: "endOfPassWriteIndex" | "beginningOfPassWriteIndex", index: number) => {
      if (!queries) return;
      encoder.beginComputePass({ timestampWrites: { querySet: queries, [at]: index } }).end();
    };
    mark("endOfPassWriteIndex", 0);
    for (let i = 0; i < repetitions; i++) encodeCommands(encoder, this.commands);
    mark("beginningOfPassWriteIndex", 1);
    const [resolved, staging] = buffers;
    if (queries && resolved && staging) {
      encoder.resolveQuerySet(queries, 0, 2, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, 2 * TIMESTAMP_BYTES);
    }
    this.device.raw.queue.submit([encoder.finish()]);
  }

  /** Seconds between the timestamps; undefined where there are none, or they stood still. */
  private async readClock(): Promise<number | undefined> {
    const staging = this.buffers[1];
    if (!staging) return undefined;
    await this.device.wait(staging.mapAsync(MAP_MODE_READ));
    const [begin = 0n, end = 0n] = new BigUint64Array(staging.getMappedRange().slice(0));
    staging.unmap();
    return end > begin ? Number(end - begin) / 1e9 : undefined;
  }

  destroy(): void {
    this.queries?.destroy();
    for (const buffer of this.buffers) this.device.destroyBuffer(buffer);
  }
}
