// `npm run bench -- --peers`: one row per case and engine, with the engine's time as a multiple of weft's.

import { WeftError } from "../../src/base/errors.ts";
import { geometricMean } from "../../src/base/statistics.ts";
import { columns } from "../../src/cli/tables.ts";
import { print, say, styleOf } from "../../src/cli/terminal.ts";
import type { OpenedDevice } from "../../src/platform/node/device.ts";
import type { BenchItem } from "../measuring/bench_item.ts";
import type { RunFacts } from "../measuring/rows.ts";
import { peerAdapter, peerCase } from "../peers/cases.ts";
import { comparePeers, type PeerCase, type PeerRow, type WeftTimer } from "../peers/pairs.ts";
import type { BenchOptions } from "./options.ts";
import { showStage } from "./progress.ts";

/** Times the peers on the items that they have; a row says why a peer has no result. */
export async function runPeers(
  items: readonly BenchItem[],
  { device, description }: OpenedDevice,
  options: BenchOptions,
  facts: RunFacts,
): Promise<void> {
  const { json, peers, tier } = options;
  const cases: PeerCase[] = [];
  for (const item of items) {
    if (item.op === "network") showStage(`${item.case} ${item.pass}: checking a golden case`, true);
    const one = await peerCase(device, item);
    if (one) cases.push({ ...one, openWeft: () => countingFaults(one) });
  }
  if (cases.length === 0) throw new WeftError("--peers: other engines have none of the chosen cases");
  const rows = await comparePeers({
    cases,
    adapter: await peerAdapter(description, tier),
    onStage: showStage,
    onRow: (row) => {
      showStage("");
      print(json ? JSON.stringify({ ...row, ...facts }) : peerLine(row));
    },
    ...(Array.isArray(peers) && { peers }),
  });
  (json ? say : print)(meansTable(rows));
}

/** Prepares weft's side; if it is wrong, so is the run. */
async function countingFaults({ openWeft }: PeerCase): Promise<WeftTimer> {
  try {
    return await openWeft();
  } catch (thrown) {
    process.exitCode = 1;
    throw thrown;
  }
}

/** `conv2d/… forward tfjs: 4.21x (3.98–4.40), 93.1 ms against 22.1`. */
function peerLine(row: PeerRow): string {
  const name = `${row.case} ${row.pass} ${row.peer}`;
  if ("fault" in row) return `${name}: ${styleOf(process.stdout).yellow(row.fault)}`;
  const { ratio, ratioP10, ratioP90, peerMs, weftMs } = row;
  const spread = `${ratioP10.toFixed(2)}–${ratioP90.toFixed(2)}`;
  return `${name}: ${styleOf(process.stdout).bold(`${ratio.toFixed(2)}x`)} (${spread}), ${peerMs.toFixed(2)} ms against ${weftMs.toFixed(2)}`;
}

type TimedRow = Extract<PeerRow, { ratio: number }>;

/** Geometric means by operator, pass and peer, and of the best WebGPU peer of each case. */
function meansTable(rows: readonly PeerRow[]): string {
  const timed = rows.filter((row): row is TimedRow => "ratio" in row);
  const groups = new Map<string, number[]>();
  const add = (key: string, ratio: number) => groups.set(key, [...(groups.get(key) ?? []), ratio]);
  const best = new Map<string, TimedRow>();
  for (const row of timed) {
    const group = `${row.case.split("/")[0]} ${row.pass}`;
    add(`${group} ${row.peer}`, row.ratio);
    const key = `${row.case} ${row.pass}`;
    const known = best.get(key);
    if (row.peer !== "onnxruntime-node-cpu" && (!known || row.ratio < known.ratio)) best.set(key, row);
  }
  for (const row of best.values()) add(`${row.case.split("/")[0]} ${row.pass} best WebGPU peer`, row.ratio);
  const { dim } = styleOf(process.stdout);
  const head = ["times as long as weft", "cases", "geometric mean", "least"].map(dim);
  const lines = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, ratios]) => {
      return [
        key,
        String(ratios.length),
        `${geometricMean(ratios).toFixed(2)}x`,
        `${Math.min(...ratios).toFixed(2)}x`,
      ];
    });
  return columns([head, ...lines]);
}
