// Compares a run with a saved one: a row has regressed if it is slower by more than the scatter of the two runs.

import { WeftError } from "../../src/base/errors.ts";
import { type BenchRow, rowKey } from "./rows.ts";

/** A smaller difference does not count, however quiet the machine was. */
const SMALLEST_CHANGE = 0.05;

export type Verdict = "slower" | "faster" | "same";

export interface ComparedRow {
  readonly key: string;
  readonly before: BenchRow;
  readonly after: BenchRow;
  /** New median by old median. */
  readonly ratio: number;
  /** Half the width of p10 – p90, relative to the median: the larger of the two runs. */
  readonly noise: number;
  readonly verdict: Verdict;
}

/** Reads saved rows, one JSON object per line. @throws WeftError naming the line that is not one. */
export function parseRows(text: string, path: string): BenchRow[] {
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    const row: unknown = parsed(line);
    if (!isRow(row)) throw new WeftError(`${path}:${i + 1}: not a row of the bench (--json)`);
    return [row];
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isRow(value: unknown): value is BenchRow {
  if (typeof value !== "object" || value === null) return false;
  const numbers = ["medianMs", "p10Ms", "p90Ms"] as const;
  const texts = ["case", "pass", "adapter"] as const;
  return (
    numbers.every((key) => typeof Reflect.get(value, key) === "number") &&
    texts.every((key) => typeof Reflect.get(value, key) === "string")
  );
}

const spreadOf = ({ medianMs, p10Ms, p90Ms }: BenchRow) => (p90Ms - p10Ms) / 2 / medianMs;

/** Pairs rows of equal case, pass, batch and adapter; if there are several saved ones, the last counts. */
export function compareRows(before: readonly BenchRow[], after: readonly BenchRow[]): ComparedRow[] {
  const key = (row: BenchRow) => `${rowKey(row)} ${row.adapter} ${row.tier} ${row.kernels}`;
  const saved = new Map(before.map((row) => [key(row), row]));
  return after.flatMap((row) => {
    const old = saved.get(key(row));
    if (!old) return [];
    const ratio = row.medianMs / old.medianMs;
    const noise = Math.max(spreadOf(row), spreadOf(old));
    return [{ key: rowKey(row), before: old, after: row, ratio, noise, verdict: verdictOf(ratio, old, row) }];
  });
}

/** The middle eight tenths of the two runs must not overlap. */
function verdictOf(ratio: number, before: BenchRow, after: BenchRow): Verdict {
  if (ratio > 1 + SMALLEST_CHANGE && after.p10Ms > before.p90Ms) return "slower";
  if (ratio < 1 - SMALLEST_CHANGE && after.p90Ms < before.p10Ms) return "faster";
  return "same";
}
