// Timing of GPU work: warm-up, then samples for at least a second. A sample is a number of repetitions in one
// submission, measured by the host's clock from the first encoded command to the end of the work, and by the adapter's
// timestamps if it has them.

import { CommandTimer } from "../../src/gpu/command_timer.ts";
import type { Command } from "../../src/gpu/commands.ts";
import type { GpuDevice } from "../../src/gpu/device.ts";

/** Milliseconds of single repetitions. */
export interface Timing {
  readonly wallMs: readonly number[];
  /** By timestamps; empty if the adapter has none. */
  readonly gpuMs: readonly number[];
}

export interface TimingOptions {
  /** Total duration of sampling. */
  readonly seconds?: number;
  /** Approximate duration of a sample; the host learns of its end up to a millisecond late. */
  readonly sampleMs?: number;
}

const DEFAULTS = { seconds: 1, sampleMs: 40 } as const;
const WARM_UP_MS = 150;
const FEWEST_SAMPLES = 5;
const MOST_REPETITIONS = 2000;
/** If a sample takes long, fewer than `FEWEST_SAMPLES` must suffice. */
const LONGEST_MS = 20_000;
const FEWEST_LONG_SAMPLES = 3;

/** Times commands that may be repeated. */
export async function timeCommands(
  device: GpuDevice,
  commands: readonly Command[],
  options: TimingOptions = {},
): Promise<Timing> {
  const sampler = new CommandSampler(device, commands);
  try {
    return await timeSamples((repetitions) => sampler.sample(repetitions), options);
  } finally {
    sampler.destroy();
  }
}

/** One sample: milliseconds of all its repetitions. */
export interface Sample {
  readonly wallMs: number;
  readonly gpuMs: number | undefined;
}

/** Warms up, finds how many repetitions make a sample, and samples. */
export async function timeSamples(
  sample: (repetitions: number) => Promise<Sample>,
  options: TimingOptions = {},
): Promise<Timing> {
  const { seconds, sampleMs } = { ...DEFAULTS, ...options };
  const repetitions = await warmUp(sample, sampleMs);
  const wallMs: number[] = [];
  const gpuMs: number[] = [];
  const isEnough = (totalMs: number) => {
    if (totalMs >= LONGEST_MS) return wallMs.length >= FEWEST_LONG_SAMPLES;
    return totalMs >= 1000 * seconds && wallMs.length >= FEWEST_SAMPLES;
  };
  for (let totalMs = 0; !isEnough(totalMs); ) {
    const { wallMs: wall, gpuMs: gpu } = await sample(repetitions);
    totalMs += wall;
    wallMs.push(wall / repetitions);
    if (gpu !== undefined) gpuMs.push(gpu / repetitions);
  }
  return { wallMs, gpuMs };
}

/** Runs until the clock has settled; returns how many repetitions take about a sample's time. */
async function warmUp(sample: (repetitions: number) => Promise<Sample>, sampleMs: number): Promise<number> {
  await sample(1);
  let repetitions = 1;
  for (let totalMs = 0; totalMs < WARM_UP_MS; ) {
    const { wallMs } = await sample(repetitions);
    totalMs += wallMs;
    const wanted = Math.ceil((repetitions * sampleMs) / Math.max(wallMs, 1e-3));
    repetitions = Math.min(MOST_REPETITIONS, Math.max(1, Math.min(wanted, 8 * repetitions)));
  }
  return repetitions;
}

const seconds = () => performance.now() / 1000;
const milliseconds = (time: number | undefined) => (time === undefined ? undefined : 1000 * time);

/** Submits repetitions of commands and waits for them. Compared engines take turns with it. */
export class CommandSampler {
  private readonly timer: CommandTimer;

  constructor(device: GpuDevice, commands: readonly Command[]) {
    this.timer = new CommandTimer(device, commands, seconds);
  }

  async sample(repetitions: number): Promise<Sample> {
    const { byHost, byAdapter } = await this.timer.run(repetitions);
    return { wallMs: 1000 * byHost, gpuMs: milliseconds(byAdapter) };
  }

  destroy(): void {
    this.timer.destroy();
  }
}
