// Times commands: repetitions in one submission, measured by the host's clock from the first encoded command to the end
// of the work, and by the adapter's timestamps if it has them.

import { type Command, encodeCommands } from "./commands.ts";
import type { GpuDevice } from "./device.ts";
import { Timestamps } from "./timestamps.ts";

/** Seconds of all repetitions together. */
export interface TimedRun {
  readonly byHost: number;
  /** Undefined if the adapter has no timestamps, or if they did not advance. */
  readonly byAdapter: number | undefined;
}

/** Times one list of commands, which must be repeatable. */
export class CommandTimer {
  private readonly timestamps: Timestamps | undefined;

  constructor(
    private readonly device: GpuDevice,
    private readonly commands: readonly Command[],
    /** Seconds on a clock that only goes forward. */
    private readonly now: () => number,
  ) {
    if (device.facts.features.has("timestamp-query")) this.timestamps = new Timestamps(device, 2);
  }

  /** Runs repetitions and waits for them. @throws WeftError if the device was lost. */
  async run(repetitions: number): Promise<TimedRun> {
    const started = this.now();
    this.submit(repetitions);
    return this.finish(started);
  }

  /**
   * Seconds of one repetition, by the adapter's timestamps if available.
   * @throws Error for a validation error, WeftError if memory ran out or the device was lost.
   */
  async seconds(repetitions: number): Promise<number> {
    const started = this.now();
    await this.device.checked("a timed kernel", () => this.submit(repetitions));
    const { byHost, byAdapter = byHost } = await this.finish(started);
    return byAdapter / repetitions;
  }

  private submit(repetitions: number): void {
    const encoder = this.device.raw.createCommandEncoder();
    this.timestamps?.mark(encoder, 0);
    for (let i = 0; i < repetitions; i++) encodeCommands(encoder, this.commands);
    this.timestamps?.mark(encoder, 1);
    this.timestamps?.resolve(encoder);
    this.device.raw.queue.submit([encoder.finish()]);
  }

  private async finish(started: number): Promise<TimedRun> {
    await this.device.idle();
    const byHost = this.now() - started;
    const [begin = 0n, end = 0n] = (await this.timestamps?.read()) ?? [];
    return { byHost, byAdapter: end > begin ? Number(end - begin) / 1e9 : undefined };
  }

  destroy(): void {
    this.timestamps?.destroy();
  }
}
