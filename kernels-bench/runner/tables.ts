// The tables of `npm run bench`.

import { geometricMean } from "../../src/base/statistics.ts";
import { columns } from "../../src/cli/tables.ts";
import { rate, styleOf } from "../../src/cli/terminal.ts";
import { megabytes } from "../../src/gpu/device.ts";
import type { BenchItem } from "../measuring/bench_item.ts";
import type { ComparedRow } from "../measuring/comparison.ts";
import { groupedBy, type ProfiledDispatch } from "../measuring/profile.ts";
import type { BenchRow, Ceilings } from "../measuring/rows.ts";

const LAYERS_SHOWN = 20;

/** Milliseconds with three digits or so. */
function milliseconds(ms: number): string {
  return ms.toFixed(ms < 1 ? 3 : ms < 10 ? 2 : ms < 100 ? 1 : 0);
}

const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;

/** `12.1 GFLOP/s (matrix product), 9.4 GB/s (copy)`. */
export function ceilingLine({ gflops, gbPerSecond }: Ceilings): string {
  return `${rate(gflops)} GFLOP/s (matrix product), ${rate(gbPerSecond)} GB/s (copy)`;
}

const WIDTHS = { ms: 9, spread: 17, rate: 9, share: 6, dispatches: 6, memory: 10 } as const;

/** Lines of results under one header, printed as they come. */
export class RowTable {
  private readonly nameWidth: number;
  private hasHead = false;

  constructor(items: readonly BenchItem[]) {
    this.nameWidth = Math.max(4, ...items.map(({ case: name, pass }) => name.length + pass.length + 1)) + 4;
  }

  /** A result; the first one is preceded by the header. */
  line(row: BenchRow): string {
    const batch = row.batch === null ? "" : ` b${row.batch}`;
    const [compute, memory] = [row.computeShare ?? 0, row.memoryShare ?? 0];
    const text = this.cells(`${row.case} ${row.pass}${batch}`, [
      milliseconds(row.medianMs),
      `${milliseconds(row.p10Ms)}–${milliseconds(row.p90Ms)}`,
      row.gpuMs === null ? "" : milliseconds(row.gpuMs),
      row.gflops === null ? "" : rate(row.gflops),
      row.gbPerSecond === null ? "" : rate(row.gbPerSecond),
      row.computeShare === null ? "" : percent(compute),
      row.memoryShare === null ? "" : percent(memory),
      row.imagesPerSecond === null ? "" : rate(row.imagesPerSecond),
      row.dispatches === null ? "" : String(row.dispatches),
      row.peakGpuBytes === null ? "" : megabytes(row.peakGpuBytes),
    ]);
    if (this.hasHead) return text;
    this.hasHead = true;
    return `${this.head()}\n${text}`;
  }

  private head(): string {
    const names = [
      "ms",
      "p10–p90",
      "GPU ms",
      "GFLOP/s",
      "GB/s",
      "flops",
      "copy",
      "images/s",
      "disp.",
      "memory",
    ];
    return styleOf(process.stdout).dim(this.cells("case and pass", names));
  }

  private cells(name: string, cells: readonly string[]): string {
    const { ms, spread, rate: rates, share, dispatches, memory } = WIDTHS;
    const widths = [ms, spread, ms, rates, rates, share, share, rates, dispatches, memory];
    return `${name.padEnd(this.nameWidth)}${cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join(" ")}`.trimEnd();
  }
}

/** The cases of `--list`. */
export function listTable(items: readonly BenchItem[]): string {
  const lines = items.map((item) => `${item.isQuick ? "*" : " "} ${item.case} ${item.pass}`);
  return `${lines.join("\n")}\n* part of the default run`;
}

/** Old and new medians, their ratio, and the noise of the ratio. */
export function comparisonTable(rows: readonly ComparedRow[]): string {
  if (rows.length === 0)
    return "nothing to compare: no saved row has the case, pass, batch, adapter, tier and kernels";
  const { bold, dim, red, green } = styleOf(process.stdout);
  const paint = { slower: red, faster: green, same: dim };
  const cells = rows.map(({ key, before, after, ratio, noise, verdict }) => [
    key,
    milliseconds(before.medianMs),
    milliseconds(after.medianMs),
    `${ratio.toFixed(2)}x`,
    `±${percent(noise)}`,
    paint[verdict](verdict),
  ]);
  const mean = geometricMean(rows.map(({ ratio }) => ratio));
  return columns([
    ["case and pass", "before ms", "now ms", "now / before", "noise", ""].map(dim),
    ...cells,
    [bold("geometric mean"), "", "", bold(`${mean.toFixed(2)}x`), "", ""],
  ]);
}

/** A step's time by kernel and by layer. */
export function profileTables(profile: readonly ProfiledDispatch[]): string {
  const { bold, dim } = styleOf(process.stdout);
  const total = profile.reduce((sum, { ms }) => sum + ms, 0);
  const table = (title: string, key: "kernel" | "layer", most: number) => {
    const groups = groupedBy(profile, key);
    const rows = groups.slice(0, most).map(({ name, dispatches, ms, share }) => {
      return [name, String(dispatches), milliseconds(ms), percent(share)];
    });
    const rest = groups.length > most ? dim(`\n  and ${groups.length - most} more`) : "";
    return `${columns([[bold(title), "dispatches", "ms", "share"], ...rows])}${rest}`;
  };
  const sum = `${profile.length} dispatches, ${milliseconds(total)} ms by timestamps`;
  return `${table("by kernel", "kernel", profile.length)}\n\n${table("by layer", "layer", LAYERS_SHOWN)}\n  ${sum}`;
}
