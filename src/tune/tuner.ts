// Tuning: finds, for every distinct node of a network that has a choice of kernels, the fastest choice on this adapter,
// within a budget of time and memory. Failures are reported and left out.

import { problemOf } from "../base/errors.ts";
import type { Choices, GpuDevice, TuningTable } from "../gpu/device.ts";
import type { NodeChoices } from "../graph/choices.ts";
import type { PlanLayout } from "../graph/plan_layout.ts";
import { NodeSearch, type SearchResult } from "./node_search.ts";
import { isolate } from "./node_trial.ts";

/** Limits of a tuning, and what it tells as it goes. */
export interface TuningOptions {
  /** Nodes that are not measured again. */
  readonly known: TuningTable;
  /** After this time no new candidate is tried. */
  readonly budgetSeconds: number;
  /** The time limit for one candidate; 1 by default. */
  readonly candidateSeconds?: number;
  /** The memory limit for one candidate; two are allocated at a time. */
  readonly maxBytes: number;
  /** Seconds on a clock that only goes forward. */
  readonly now: () => number;
  readonly onProgress?: (progress: TuningProgress) => void;
  /** Called for each measured node; reported results remain valid if the tuning ends with an error. */
  readonly onTuned?: (node: TunedNode) => void;
  readonly signal?: AbortSignal | undefined;
}

/** The progress of a tuning. */
export interface TuningProgress {
  /** Nodes done, of `total`. */
  readonly done: number;
  readonly total: number;
  /** The candidate that is being tried: `conv2dWeightGradient, splits 8`. */
  readonly trying: string;
}

/** A node that was measured. */
export interface TunedNode extends SearchResult {
  readonly key: string;
  /** How often a step computes it. */
  readonly count: number;
}

/** A candidate that could not be used, or a whole node. */
export interface FailedCandidate {
  readonly key: string;
  /** `splits 8`; empty if the operator's own choice failed, and with it the node. */
  readonly candidate: string;
  readonly reason: string;
}

/** What a tuning found. */
export interface TuningResult {
  readonly tuned: readonly TunedNode[];
  readonly failed: readonly FailedCandidate[];
  /** Nodes that were known before. */
  readonly known: number;
  /** Nodes for which there was no time left. */
  readonly left: number;
  /** What was found, by key. */
  readonly table: TuningTable;
}

const CANDIDATE_SECONDS = 1;
/** The cost of moving a byte relative to arithmetic, roughly, on any adapter. */
const FLOPS_PER_BYTE = 8;

/**
 * Measures the nodes of laid-out plans, the costliest first.
 * @throws WeftError if the device is lost.
 */
export async function tune(
  device: GpuDevice,
  layouts: readonly PlanLayout[],
  { known, budgetSeconds, onProgress, onTuned, signal, ...options }: TuningOptions,
): Promise<TuningResult> {
  const all = distinctNodes(layouts);
  const wanted = all.filter(({ key }) => !known.has(key));
  const end = options.now() + budgetSeconds;
  const isOver = () => options.now() >= end || signal?.aborted === true;
  const limits = { candidateSeconds: CANDIDATE_SECONDS, ...options, isOver };
  const tuned: TunedNode[] = [];
  const failed: FailedCandidate[] = [];
  let done = 0;
  for (const { key, node: untuned, count } of wanted) {
    if (isOver()) break;
    const { name } = untuned.operator;
    const tell = (trying: string) => onProgress?.({ done, total: wanted.length, trying });
    tell(name);
    try {
      const search = new NodeSearch(device, isolate(untuned, device.facts), limits, {
        onCandidate: (candidate) => tell(`${name}, ${candidate}`),
        onFailure: (candidate, reason) => failed.push({ key, candidate, reason }),
      });
      const result = await search.run();
      if (!result) break;
      const node = { key, count, ...result };
      tuned.push(node);
      onTuned?.(node);
    } catch (thrown) {
      device.throwIfLost();
      failed.push({ key, candidate: "", reason: problemOf(thrown).split("\n")[0] ?? "" });
    }
    done++;
    tell(name);
  }
  const table = new Map(tuned.map(({ key, choices }): [string, Choices] => [key, choices]));
  return { tuned, failed, known: all.length - wanted.length, left: wanted.length - done, table };
}

interface CountedNode extends NodeChoices {
  /** The number of nodes that share a key. */
  readonly count: number;
}

/** Each key once, the largest share of a step first. */
export function distinctNodes(layouts: readonly PlanLayout[]): CountedNode[] {
  const byKey = new Map<string, CountedNode>();
  for (const node of layouts.flatMap(({ choices }) => choices)) {
    byKey.set(node.key, { ...node, count: (byKey.get(node.key)?.count ?? 0) + 1 });
  }
  const weighted = [...byKey.values()].map((node) => ({ node, weight: weightOf(node) }));
  return weighted.sort((a, b) => b.weight - a.weight).map(({ node }) => node);
}

function weightOf({ node: { operator, inputs, outputs, attrs }, count }: CountedNode): number {
  const { flops, bytes } = operator.cost(inputs, outputs, attrs);
  return count * (flops + FLOPS_PER_BYTE * bytes);
}
