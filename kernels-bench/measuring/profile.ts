// A profile of a step: every dispatch runs in a compute pass of its own between two timestamps. Separate passes keep
// dispatches from overlapping, so on GPUs the sum may exceed the step's time.

import { WeftError } from "../../src/base/errors.ts";
import { quantile } from "../../src/base/statistics.ts";
import { type Command, type DispatchCommand, encodeCommands } from "../../src/gpu/commands.ts";
import type { GpuDevice } from "../../src/gpu/device.ts";
import { Timestamps } from "../../src/gpu/timestamps.ts";

/** One dispatch of a step, in milliseconds; `startMs` from the first one on. */
export interface ProfiledDispatch {
  readonly kernel: string;
  readonly layer: string;
  readonly startMs: number;
  readonly ms: number;
}

const RUNS = 5;

/** Profiles the commands of a step. @throws WeftError if the adapter has no timestamps. */
export async function profileCommands(
  device: GpuDevice,
  commands: readonly Command[],
): Promise<ProfiledDispatch[]> {
  if (!device.facts.features.has("timestamp-query")) {
    throw new WeftError(`--profile needs timestamps, and ${device.name} has none`);
  }
  const recorder = new TimestampRecorder(device, commands);
  try {
    await recorder.run(); // warms up
    const runs: BigUint64Array[] = [];
    for (let i = 0; i < RUNS; i++) runs.push(await recorder.run());
    return summarised(recorder.dispatches, runs);
  } finally {
    recorder.destroy();
  }
}

/** The median time of each dispatch, one after the other. */
function summarised(
  dispatches: readonly DispatchCommand[],
  runs: readonly BigUint64Array[],
): ProfiledDispatch[] {
  let startMs = 0;
  return dispatches.map(({ kernel, label }, i) => {
    const times = runs.map((stamps) => Number((stamps[2 * i + 1] ?? 0n) - (stamps[2 * i] ?? 0n)) / 1e6);
    const dispatch = { kernel: kernel.shader.name, layer: label, startMs, ms: quantile(times, 0.5) };
    startMs += dispatch.ms;
    return dispatch;
  });
}

/** Runs commands with two timestamps a dispatch. */
class TimestampRecorder {
  readonly dispatches: readonly DispatchCommand[];
  private readonly timestamps: Timestamps;

  constructor(
    private readonly device: GpuDevice,
    private readonly commands: readonly Command[],
  ) {
    this.dispatches = commands.filter((command) => command.kind === "dispatch");
    this.timestamps = new Timestamps(device, 2 * this.dispatches.length);
  }

  /** Nanoseconds: begin and end of every dispatch. */
  async run(): Promise<BigUint64Array> {
    const encoder = this.device.raw.createCommandEncoder();
    let count = 0;
    for (const command of this.commands) {
      if (command.kind !== "dispatch") {
        encodeCommands(encoder, [command]);
        continue;
      }
      const { querySet, index } = this.timestamps.place(count);
      const timestampWrites = { querySet, beginningOfPassWriteIndex: index, endOfPassWriteIndex: index + 1 };
      const pass = encoder.beginComputePass({ timestampWrites });
      pass.setPipeline(command.kernel.pipeline);
      pass.setBindGroup(0, command.bindGroup);
      pass.dispatchWorkgroups(...command.workgroups);
      pass.end();
      count += 2;
    }
    this.timestamps.resolve(encoder);
    this.device.raw.queue.submit([encoder.finish()]);
    return this.timestamps.read();
  }

  destroy(): void {
    this.timestamps.destroy();
  }
}

/** Time of dispatches that have something in common. */
export interface ProfileGroup {
  readonly name: string;
  readonly dispatches: number;
  readonly ms: number;
  readonly share: number;
}

/** Dispatches grouped by kernel or by layer, the most expensive first. */
export function groupedBy(profile: readonly ProfiledDispatch[], key: "kernel" | "layer"): ProfileGroup[] {
  const total = profile.reduce((sum, { ms }) => sum + ms, 0);
  const groups = new Map<string, { dispatches: number; ms: number }>();
  for (const dispatch of profile) {
    const group = groups.get(dispatch[key]) ?? { dispatches: 0, ms: 0 };
    groups.set(dispatch[key], { dispatches: group.dispatches + 1, ms: group.ms + dispatch.ms });
  }
  return [...groups]
    .map(([name, { dispatches, ms }]) => ({ name, dispatches, ms, share: ms / Math.max(total, 1e-9) }))
    .sort((a, b) => b.ms - a.ms);
}

/** The profile as Chrome's trace format: open it in chrome://tracing or ui.perfetto.dev. */
export function chromeTrace(profile: readonly ProfiledDispatch[], title: string): string {
  const event = { ph: "X", pid: 1, tid: 1 };
  const events = profile.map(({ kernel, layer, startMs, ms }) => ({
    ...event,
    name: layer,
    cat: kernel,
    ts: 1000 * startMs,
    dur: 1000 * ms,
    args: { kernel },
  }));
  const process = { name: "process_name", ph: "M", pid: 1, args: { name: title } };
  return `${JSON.stringify({ traceEvents: [process, ...events], displayTimeUnit: "ms" })}\n`;
}
