// The kernels of a device by measurement: the stored table of its adapter, and measuring what that lacks.

import { messageOf } from "../base/errors.ts";
import type { GpuDevice } from "../gpu/device.ts";
import type { PlanLayout } from "../graph/plan_layout.ts";
import { distinctNodes, type TunedNode, type TuningOptions, type TuningResult, tune } from "./tuner.ts";
import type { TuningFile, TuningOrigin } from "./tuning_file.ts";
import { loadTuning, type StoredTuning, saveTuning, type TuningStore } from "./tuning_store.ts";

/** What candidates may allocate at the most, whatever the machine has. */
const MOST_BYTES = 2 ** 30;
/** Of the machine's memory: two candidates live at a time, beside what the host holds. */
const SHARE_OF_MEMORY = 0.2;

/** Where the measurements of a device are kept. */
export interface KeptTuning {
  readonly store: TuningStore;
  readonly origin: TuningOrigin;
}

/** Lets a device choose kernels by the table that is stored for its adapter, where there is one that holds. */
export async function useKeptTuning(device: GpuDevice, { store, origin }: KeptTuning): Promise<StoredTuning> {
  const stored = await loadTuning(store, origin);
  if (stored.table.size > 0) device.useTuning(stored.table);
  return stored;
}

export interface MeasuringOptions
  extends Pick<TuningOptions, "budgetSeconds" | "now" | "onProgress" | "signal"> {
  /** Whether to measure again what is known. */
  readonly again?: boolean;
  /** Bytes for all buffers together, where that is known. */
  readonly budgetBytes?: number | undefined;
}

/** What a measuring did. */
export interface MeasuredKernels extends TuningResult {
  /** Whether a signal ended it. */
  readonly isStopped: boolean;
  /** Why what was found could not be stored, where it could not: the next run measures it again. */
  readonly unkept?: string;
}

/** How many shapes of the layouts are still to be measured. */
export async function countUnmeasured(
  layouts: readonly PlanLayout[],
  { store, origin }: KeptTuning,
  again = false,
): Promise<number> {
  const nodes = distinctNodes(layouts);
  if (again) return nodes.length;
  const { table } = await loadTuning(store, origin);
  return nodes.filter(({ key }) => !table.has(key)).length;
}

/** Measures what layouts can choose, stores it and lets the device use it. A signal ends it and keeps what was found. */
export async function measureKernels(
  device: GpuDevice,
  layouts: readonly PlanLayout[],
  kept: KeptTuning,
  { again = false, budgetBytes = Number.POSITIVE_INFINITY, ...options }: MeasuringOptions,
): Promise<MeasuredKernels> {
  const { store, origin } = kept;
  const earlier = await loadTuning(store, origin);
  const known = again ? new Map() : earlier.table;
  const found: TunedNode[] = [];
  const use = () => {
    const table = new Map(found.map(({ key, choices }) => [key, choices]));
    device.useTuning(new Map([...earlier.table, ...table]));
    return keep(store, { origin, table });
  };
  let result: TuningResult;
  try {
    result = await tune(device, layouts, {
      ...options,
      known,
      maxBytes: Math.min(MOST_BYTES, SHARE_OF_MEMORY * budgetBytes),
      onTuned: (node) => found.push(node),
    });
  } catch (thrown) {
    await use(); // what was found before the fault
    throw thrown;
  }
  const unkept = await use();
  const isStopped = options.signal?.aborted === true;
  return { ...result, isStopped, ...(unkept !== undefined && { unkept }) };
}

/** @returns why the table could not be stored, where it could not */
async function keep(store: TuningStore, file: TuningFile): Promise<string | undefined> {
  if (file.table.size === 0) return undefined;
  try {
    await saveTuning(store, file);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  }
}
