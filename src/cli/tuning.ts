// Tuning on the command line: the stored table of an adapter, measuring what it lacks, and what is told of both.

import type { DawnTier } from "../gpu/adapters.ts";
import type { GpuDevice } from "../gpu/device.ts";
import type { NodeChoices } from "../graph/choices.ts";
import type { PlanLayout } from "../graph/plan_layout.ts";
import { dawnPackage } from "../platform/node/dawn_package.ts";
import { fileTuningStore } from "../platform/node/tuning_store.ts";
import {
  countUnmeasured,
  type KeptTuning,
  type MeasuredKernels,
  measureKernels,
  useKeptTuning,
} from "../tune/measured_kernels.ts";
import { distinctNodes, type TunedNode } from "../tune/tuner.ts";
import { originOf, type TuningOrigin } from "../tune/tuning_file.ts";
import type { StoredTuning } from "../tune/tuning_store.ts";
import type { Engine } from "./engine.ts";
import { stoppable } from "./interrupt.ts";
import { now, withProgress } from "./progress.ts";
import { columns } from "./tables.ts";
import { counted, duration, say, sayField, styleOf } from "./terminal.ts";

/** A device to tune, and with which of Dawn's switches it was opened: the fast ones by default. */
export type TunedEngine = Engine & { readonly tier?: DawnTier };

/** What is measured on an engine holds for this. */
export function measuredOn({ description, tier = "fast" }: TunedEngine): TuningOrigin {
  return originOf(description, tier, dawnPackage());
}

const keptFor = (engine: TunedEngine): KeptTuning => {
  return { store: fileTuningStore(), origin: measuredOn(engine) };
};

/** Lets an engine choose kernels by the table that is stored for its adapter, and says why one is not used. */
export async function useStoredTuning(engine: TunedEngine): Promise<StoredTuning> {
  const stored = await useKeptTuning(engine.device, keptFor(engine));
  if (stored.remark !== undefined) say(styleOf(process.stderr).yellow(`${stored.remark} (weft tune)`));
  return stored;
}

/** Which kernels a step runs: `17 of 102 choices differ from the rules, measured: PLACE`. */
export function sayKernels(device: GpuDevice, layouts: readonly PlanLayout[], { place }: StoredTuning): void {
  const nodes = distinctNodes(layouts);
  const measured = nodes.filter(({ key }) => device.facts.tuning?.has(key));
  const family = `for ${device.facts.family === "cpu" ? "software adapters" : "GPUs"}`;
  if (measured.length === 0) {
    sayField("kernels", `${family}, chosen by rules (--tune measures them on this adapter)`);
    return;
  }
  const share = measured.length === nodes.length ? "" : ` of ${nodes.length}`;
  const changed = measured.filter(isChanged).length;
  sayField(
    "kernels",
    `${family}, chosen by measurement for ${measured.length}${share} shapes (${changed} unlike the rules): ${place}`,
  );
}

function isChanged({ choices }: NodeChoices): boolean {
  return choices.some(({ names, chosen }) => chosen !== names[0]);
}

export interface TuningRequest {
  readonly budgetSeconds: number;
  /** Whether to measure again what is known. */
  readonly again?: boolean;
}

/**
 * Measures what layouts can choose, stores it and lets the engine use it. Ctrl-C ends the measuring and keeps
 * what was found.
 */
export async function tuneLayouts(
  engine: TunedEngine,
  layouts: readonly PlanLayout[],
  { budgetSeconds, again = false }: TuningRequest,
): Promise<MeasuredKernels> {
  const { device, budgetBytes } = engine;
  const kept = keptFor(engine);
  const total = await countUnmeasured(layouts, kept, again);
  if (total === 0) return measureKernels(device, layouts, kept, { budgetSeconds, budgetBytes, again, now });
  const tuning = { label: "tuning", total, unit: "shapes", showsRate: false };
  const stopping = () => say("\nno more tuning; what was found is kept");
  say(`measuring kernels of ${counted(total, "shape")}, for up to ${duration(budgetSeconds)}`);
  const measured = await stoppable(stopping, (signal) =>
    withProgress(tuning, (progress) =>
      measureKernels(device, layouts, kept, {
        ...{ budgetSeconds, budgetBytes, again, now, signal },
        onProgress: ({ done, trying }) => progress.update(done, trying),
      }),
    ),
  );
  if (measured.unkept !== undefined) {
    say(styleOf(process.stderr).yellow(`the tuning table cannot be kept: ${measured.unkept}`));
  }
  return measured;
}

/** What a tuning did, in a line or two, and what failed. */
export function sayTuning({ tuned, failed, left, isStopped }: MeasuredKernels): void {
  const { yellow } = styleOf(process.stderr);
  if (tuned.length + failed.length + left === 0) {
    sayField("tuned", "every shape is known already");
    return;
  }
  const before = sumOf(tuned, ({ seconds, count }) => seconds * count);
  const after = sumOf(tuned, ({ seconds, count, gain }) => (seconds * count) / gain);
  const faster = tuned.filter(({ isChanged }) => isChanged).length;
  const times = `${milliseconds(before)} to ${milliseconds(after)} a step`;
  sayField(
    "tuned",
    `${counted(tuned.length, "shape")}, ${faster} of them faster than by the rules: ${times}`,
  );
  if (left > 0 && !isStopped)
    sayField("", `${counted(left, "shape")} left for want of time; tune again to go on`);
  const [first] = failed;
  if (!first) return;
  const what = [first.key, first.candidate].filter((part) => part !== "").join(", ");
  say(yellow(`${counted(failed.length, "candidate")} left out, first ${what}: ${first.reason}`));
}

/** A row an operator: shapes, and milliseconds of a step before and after. */
export function tuningTable(tuned: readonly TunedNode[]): string {
  const byOperator = new Map<string, TunedNode[]>();
  for (const node of tuned) {
    const name = node.key.split(" ")[0] ?? "";
    byOperator.set(name, [...(byOperator.get(name) ?? []), node]);
  }
  const rows = [...byOperator].map(([name, nodes]) => {
    const before = sumOf(nodes, ({ seconds, count }) => seconds * count);
    const after = sumOf(nodes, ({ seconds, count, gain }) => (seconds * count) / gain);
    return [
      name,
      String(nodes.length),
      milliseconds(before),
      milliseconds(after),
      `${(before / after).toFixed(2)}x`,
    ];
  });
  return columns([["operator", "shapes", "by rules", "tuned", ""], ...rows]);
}

function sumOf(nodes: readonly TunedNode[], value: (node: TunedNode) => number): number {
  return nodes.reduce((sum, node) => sum + value(node), 0);
}

function milliseconds(seconds: number): string {
  return seconds < 10 ? `${(1000 * seconds).toFixed(seconds < 0.1 ? 2 : 1)} ms` : duration(seconds);
}
