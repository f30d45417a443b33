// Times other engines next to weft on the same adapter, case by case: weft, peer, weft, peer, … A ratio is the peer's
// time divided by weft's; its spread is that of the pairs.
//
// A case is passed in with a function that prepares weft's side. `comparePeers` writes the case's tensors and models to
// files, starts each peer once (engines/), lets it compute the case once, checks the result, warms both sides up, and
// times pairs. All cases of one peer run in its one process, which is stopped by a signal while weft computes.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WeftError } from "../../src/base/errors.ts";
import { spreadOf } from "../../src/base/statistics.ts";
import type { DawnTier } from "../../src/gpu/adapters.ts";
import type { OperatorWork } from "./operators.ts";
import { PEER_NAMES, type PeerAdapter, type PeerName, PeerPool, peerHas } from "./pool.ts";
import { type PeerProcess, requirePeers } from "./process.ts";
import { type NetworkWork, type PeerTask, writeTask } from "./tasks.ts";

export type { OperatorWork } from "./operators.ts";
export type { NetworkWork } from "./tasks.ts";

/** Weft's side of a case, ready to run. */
export interface WeftTimer {
  /** Runs the case `repeats` times in a row and waits for the last; milliseconds of all together. */
  time(repeats: number): Promise<number>;
  close(): void | Promise<void>;
}

export interface PeerCase {
  readonly name: string;
  readonly pass: OperatorWork["pass"] | NetworkWork["pass"];
  /** What the peers are to compute; called once a case. */
  work(): Promise<OperatorWork | NetworkWork>;
  /** Readies weft's side; called once a case, when its first peer is ready. */
  openWeft(): Promise<WeftTimer>;
}

export interface ComparisonOptions {
  readonly cases: readonly PeerCase[];
  /** All by default. */
  readonly peers?: readonly PeerName[];
  readonly adapter: PeerAdapter;
  /** For the pairs of one case and peer: by default 8, for networks 20; three pairs are timed whatever they take. */
  readonly secondsPerCase?: number;
  /**
   * For a peer's first run with its compilation: by default 300; 1200 for networks, which are slow in jax-js and tfjs.
   */
  readonly prepareSeconds?: number;
  /** Reports the current activity; `isTold` if a reader without a terminal should see it as well. */
  readonly onStage?: (stage: string, isTold: boolean) => void;
  /** Peers that keep running from call to call. */
  readonly pool?: PeerPool;
  readonly onRow?: (row: PeerRow) => void;
}

interface RowName {
  readonly case: string;
  readonly pass: string;
  readonly peer: PeerName;
}

/** Medians, and the median and percentiles of the pairs' ratios; or why the peer has no result. */
export type PeerRow = RowName &
  (
    | {
        readonly ratio: number;
        readonly ratioP10: number;
        readonly ratioP90: number;
        readonly weftMs: number;
        readonly peerMs: number;
        readonly pairs: number;
        /** Dawn's toggles of the peer. */
        readonly peerTier: DawnTier;
      }
    | { readonly fault: string }
  );

const PAIRS_SECONDS = { network: 20, operator: 8 } as const;
const PREPARE_SECONDS = { network: 1200, operator: 300 } as const;
const TIME_SECONDS = 600;
/** How often a long wait for a peer is reported. */
const TOLD_SECONDS = 60;
const MIN_PAIRS = 3;
const MAX_PAIRS = 25;
/** A sample contains enough runs to fill this time. */
const SAMPLE_MS = 100;
const MAX_REPEATS = 50;

/**
 * Compares weft with its peers.
 * @returns a row for each case and peer that has it
 * @throws WeftError if the peers are not installed, and whatever weft's side of a case throws; a fault of a single peer
 * is reported in its row.
 */
export async function comparePeers(options: ComparisonOptions): Promise<PeerRow[]> {
  requirePeers();
  const { cases, peers = PEER_NAMES, onRow } = options;
  const rows: PeerRow[] = [];
  const pool = options.pool ?? new PeerPool(options.adapter);
  try {
    for (const one of cases) {
      const able = peers.filter((peer) => peerHas(peer, one.pass));
      for await (const row of compareCase(one, able, pool, options)) {
        rows.push(row);
        onRow?.(row);
      }
    }
  } finally {
    if (!options.pool) pool.close();
  }
  return rows;
}

async function* compareCase(
  one: PeerCase,
  peers: readonly PeerName[],
  pool: PeerPool,
  options: ComparisonOptions,
): AsyncGenerator<PeerRow> {
  const kind = one.pass === "train" || one.pass === "inference" ? "network" : "operator";
  const { secondsPerCase = PAIRS_SECONDS[kind], prepareSeconds = PREPARE_SECONDS[kind] } = options;
  const folder = await mkdtemp(join(tmpdir(), "weft-peers-"));
  let weft: WeftTimer | undefined;
  try {
    const task = await writeTask(await one.work(), folder);
    for (const peer of peers) {
      const name = { case: one.name, pass: one.pass, peer };
      const onStage = (stage: string, isTold: boolean) => {
        options.onStage?.(`${one.name} ${one.pass} ${peer}: ${stage}`, isTold);
      };
      const running = await readyOrFault(pool, peer, task, { seconds: prepareSeconds, onStage });
      if ("fault" in running) {
        pool.drop(peer);
        yield { ...name, fault: running.fault };
        continue;
      }
      onStage("timing", kind === "network");
      weft ??= await one.openWeft();
      const own = weft;
      const timed = await faultOf(() => timePairs(running, own, secondsPerCase));
      if ("fault" in timed) pool.drop(peer);
      else await releaseCase(running);
      yield "fault" in timed ? { ...name, ...timed } : { ...name, ...timed, peerTier: pool.tierOf(peer) };
    }
  } finally {
    await weft?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the work returns, or the message of its WeftError. */
async function faultOf<T>(work: () => Promise<T>): Promise<T | { readonly fault: string }> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof WeftError)) throw thrown;
    return { fault: thrown.message };
  }
}

interface Preparation {
  /** Its time limit. */
  readonly seconds: number;
  readonly onStage: (stage: string, isTold: boolean) => void;
}

/** A peer that has computed the case correctly, if necessary with bounds checks; otherwise all reasons why not. */
async function readyOrFault(
  pool: PeerPool,
  peer: PeerName,
  task: PeerTask,
  preparation: Preparation,
): Promise<PeerProcess | { readonly fault: string }> {
  const ready = () => faultOf(() => readyPeer(pool, peer, task, preparation));
  const first = await ready();
  if (!("isWrong" in first) || !pool.lowerTier(peer)) return first;
  const second = await ready();
  return "fault" in second ? { fault: `${first.fault}; with bounds checks: ${second.fault}` } : second;
}

/** Has the peer compute the case once, checks the result, and lets the peer rest. */
async function readyPeer(
  pool: PeerPool,
  peer: PeerName,
  task: PeerTask,
  { seconds, onStage }: Preparation,
): Promise<PeerProcess | { readonly fault: string; readonly isWrong: true }> {
  const preparing = `preparing (${pool.tierOf(peer)} tier)`;
  onStage(preparing, task.spec.kind === "network");
  const started = performance.now();
  const telling = setInterval(() => {
    const waited = Math.round((performance.now() - started) / 1000);
    onStage(`${preparing}, ${waited} s of ${seconds} s at the most`, true);
  }, 1000 * TOLD_SECONDS);
  try {
    const running = await pool.get(peer);
    running.resume();
    const answer = await running.ask({ do: "prepare", case: task.spec }, seconds);
    const complaint = await task.check(answer, peer);
    if (complaint !== undefined) return { fault: `${peer}: ${complaint}`, isWrong: true };
    running.pause();
    return running;
  } finally {
    clearInterval(telling);
  }
}

/** Frees the case's memory; a peer that cannot is restarted for its next case. */
async function releaseCase(running: PeerProcess): Promise<void> {
  running.resume();
  const released = await faultOf(() => running.ask({ do: "release" }, 60));
  if ("fault" in released) running.close();
  else running.pause();
}

async function timePairs(running: PeerProcess, weft: WeftTimer, seconds: number) {
  const peer = {
    async time(repeats: number): Promise<number> {
      running.resume();
      const { ms } = await running.ask({ do: "time", repeats }, TIME_SECONDS);
      running.pause();
      return Number(ms);
    },
  };
  const repeats = { weft: await repeatsOf(weft), peer: await repeatsOf(peer) };
  const end = performance.now() + seconds * 1000;
  const pairs: { weft: number; peer: number }[] = [];
  while (pairs.length < MIN_PAIRS || (pairs.length < MAX_PAIRS && performance.now() < end)) {
    const own = (await weft.time(repeats.weft)) / repeats.weft;
    pairs.push({ weft: own, peer: (await peer.time(repeats.peer)) / repeats.peer });
  }
  const ratios = spreadOf(pairs.map((pair) => pair.peer / pair.weft));
  const { median: weftMs } = spreadOf(pairs.map((pair) => pair.weft));
  const { median: peerMs } = spreadOf(pairs.map((pair) => pair.peer));
  const { median: ratio, p10: ratioP10, p90: ratioP90 } = ratios;
  return { ratio, ratioP10, ratioP90, weftMs, peerMs, pairs: pairs.length };
}

/** How many runs make a sample; finding out warms up. */
async function repeatsOf(timer: Pick<WeftTimer, "time">): Promise<number> {
  await timer.time(1);
  const ms = await timer.time(1);
  return Math.min(MAX_REPEATS, Math.max(1, Math.ceil(SAMPLE_MS / Math.max(ms, 0.01))));
}
