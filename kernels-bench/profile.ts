// Where a step's time goes: every dispatch in a pass of its own between two timestamps. Passes of their own keep
// dispatches from overlapping, so the sum may exceed the step's time on GPUs.

import { WeftError } from "../src/base/errors.ts";
import { type Command, type DispatchCommand, encodeCommands } from "../src/gpu/commands.ts";
import { BUFFER_USAGE, MAP_MODE_READ } from "../src/gpu/constants.ts";
import type { GpuDevice } from "../src/gpu/device.ts";
import { quantile } from "./statistics.ts";

/** One dispatch of a step, in milliseconds; `startMs` from the first one on. */
export interface ProfiledDispatch {
  readonly kernel: string;
  readonly layer: string;
  readonly startMs: number;
  readonly ms: number;
}

/** Queries of one set: a limit of WebGPU. */
const QUERIES_A_SET = 4096;
const TIMESTAMP_BYTES = 8;
const RUNS = 5;

/** Profiles the commands of a step. @throws WeftError where the adapter has no timestamps. */
export async function profileCommands(
  device: GpuDevice,
  commands: readonly Command[],
): Promise<ProfiledDispatch[]> {
  if (!device.facts.features.has("timestamp-query")) {
    throw new WeftError(`--profile needs timestamps, which ${device.name} has not`);
  }
  const recorder = new TimestampRecorder(device, commands);
  try {
    await recorder.run(); // warms up
    const runs: bigint[][] = [];
    for (let i = 0; i < RUNS; i++) runs.push(await recorder.run());
    return summarised(recorder.dispatches, runs);
  } finally {
    recorder.destroy();
  }
}

/** The median time of each dispatch, one after the other. */
function summarised(dispatches: readonly DispatchCommand[], runs: readonly bigint[][]): ProfiledDispatch[] {
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
  private readonly sets: readonly GPUQuerySet[];
  private readonly resolved: GPUBuffer;
  private readonly staging: GPUBuffer;

  constructor(
    private readonly device: GpuDevice,
    private readonly commands: readonly Command[],
  ) {
    this.dispatches = commands.filter((command) => command.kind === "dispatch");
    const queries = 2 * this.dispatches.length;
    this.sets = Array.from({ length: Math.ceil(queries / QUERIES_A_SET) }, (_, i) =>
      device.raw.createQuerySet({
        type: "timestamp",
        count: Math.min(QUERIES_A_SET, queries - i * QUERIES_A_SET),
      }),
    );
    const bytes = Math.max(1, queries) * TIMESTAMP_BYTES;
    this.resolved = device.createBuffer("profile", bytes, BUFFER_USAGE.QUERY_RESOLVE | BUFFER_USAGE.COPY_SRC);
    this.staging = device.createBuffer("profile", bytes, BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST);
  }

  /** Nanoseconds: begin and end of every dispatch. */
  async run(): Promise<bigint[]> {
    const encoder = this.device.raw.createCommandEncoder();
    let query = 0;
    for (const command of this.commands) {
      if (command.kind !== "dispatch") {
        encodeCommands(encoder, [command]);
        continue;
      }
      const querySet = this.sets[Math.floor(query / QUERIES_A_SET)];
      if (!querySet) throw new Error("a query set is missing");
      const at = query % QUERIES_A_SET;
      const timestampWrites = { querySet, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
      const pass = encoder.beginComputePass({ timestampWrites });
      pass.setPipeline(command.kernel.pipeline);
      pass.setBindGroup(0, command.bindGroup);
      pass.dispatchWorkgroups(...command.workgroups);
      pass.end();
      query += 2;
    }
    this.sets.forEach((set, i) => {
      encoder.resolveQuerySet(set, 0, set.count, this.resolved, i * QUERIES_A_SET * TIMESTAMP_BYTES);
    });
    encoder.copyBufferToBuffer(this.resolved, 0, this.staging, 0, this.staging.size);
    this.device.raw.queue.submit([encoder.finish()]);
    await this.device.wait(this.staging.mapAsync(MAP_MODE_READ));
    const stamps = [...new BigUint64Array(this.staging.getMappedRange().slice(0))];
    this.staging.unmap();
    return stamps;
  }

  destroy(): void {
    for (const set of this.sets) set.destroy();
    this.device.destroyBuffer(this.resolved);
    this.device.destroyBuffer(this.staging);
  }
}

/** Time of dispatches that share something. */
export interface ProfileGroup {
  readonly name: string;
  readonly dispatches: number;
  readonly ms: number;
  readonly share: number;
}

/** Dispatches grouped by kernel or by layer, the dearest first. */
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
