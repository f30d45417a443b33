// A benchmark's rows: each measurement is one line of JSON.

import { type Spread, spreadOf } from "../../src/base/statistics.ts";
import type { Timing } from "./timing.ts";

/** What all rows of a run share. */
export interface RunFacts {
  readonly adapter: string;
  readonly commit: string | null;
  readonly tier: string;
  readonly kernels: string;
  /** Whether a measured table chose kernels; in a row, whether the table has a shape of that row. */
  readonly tuned: boolean;
}

/** The adapter's measured ceilings: a matrix product and a copy. */
export interface Ceilings {
  readonly gflops: number;
  /** Bytes read and bytes written. */
  readonly gbPerSecond: number;
}

export interface BenchRow {
  readonly case: string;
  readonly pass: string;
  readonly batch: number | null;
  readonly medianMs: number;
  readonly p10Ms: number;
  readonly p90Ms: number;
  readonly gflops: number | null;
  readonly imagesPerSecond: number | null;
  readonly dispatches: number | null;
  readonly peakGpuBytes: number | null;
  readonly adapter: string;
  readonly commit: string | null;
  readonly tier: string;
  readonly kernels: string;
  readonly tuned: boolean;
  readonly samples: number;
  /** Median by the adapter's timestamps. */
  readonly gpuMs: number | null;
  readonly gbPerSecond: number | null;
  /** Shares of the measured ceilings of the adapter. */
  readonly computeShare: number | null;
  readonly memoryShare: number | null;
  /** The peak memory of the process so far, on the host. */
  readonly peakResidentBytes: number | null;
}

/** The measurement of a case, before it becomes a row. */
export interface Measurement {
  readonly case: string;
  readonly pass: string;
  readonly batch: number | null;
  readonly timing: Timing;
  /** Images per repetition, if that is what counts. */
  readonly images?: number;
  readonly flops?: number;
  readonly bytes?: number;
  readonly dispatches?: number;
  readonly peakGpuBytes?: number;
  readonly peakResidentBytes?: number;
}

const DIGITS = 5;
const round = (value: number) => Number(value.toPrecision(DIGITS));
const perMs = (amount: number | undefined, ms: number) => (amount ? round(amount / ms / 1e6) : null);

/** The row of a measurement. Rates are computed from the median wall time. */
export function rowOf(measured: Measurement, facts: RunFacts, ceilings: Ceilings | undefined): BenchRow {
  const { timing, batch, images, flops, bytes } = measured;
  const { median, p10, p90 }: Spread = spreadOf(timing.wallMs);
  const gflops = perMs(flops, median);
  const gbPerSecond = perMs(bytes, median);
  const { adapter, commit, tier, kernels, tuned } = facts;
  const share = (rate: number | null, of: number | undefined) => (rate && of ? round(rate / of) : null);
  return {
    case: measured.case,
    pass: measured.pass,
    batch,
    medianMs: round(median),
    p10Ms: round(p10),
    p90Ms: round(p90),
    gflops,
    imagesPerSecond: images === undefined ? null : round((1000 * images) / median),
    dispatches: measured.dispatches ?? null,
    peakGpuBytes: measured.peakGpuBytes ?? null,
    adapter,
    commit,
    tier,
    kernels,
    tuned,
    samples: timing.wallMs.length,
    gpuMs: timing.gpuMs.length > 0 ? round(spreadOf(timing.gpuMs).median) : null,
    gbPerSecond,
    computeShare: share(gflops, ceilings?.gflops),
    memoryShare: share(gbPerSecond, ceilings?.gbPerSecond),
    peakResidentBytes: measured.peakResidentBytes ?? null,
  };
}

/** What identifies a row from run to run. */
export function rowKey({ case: name, pass, batch }: Pick<BenchRow, "case" | "pass" | "batch">): string {
  return `${name} ${pass}${batch === null ? "" : ` b${batch}`}`;
}
