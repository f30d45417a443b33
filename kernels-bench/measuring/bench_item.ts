// The items of a benchmark run: cases with one pass each, of operators, networks, the data pipeline, the host's side of
// a step and the start.

import type { GpuDevice } from "../../src/gpu/device.ts";
import { batchOf, caseName, type OperatorCase, type Pass, passesOf } from "../cases/bench_case.ts";
import type { NetworkForm } from "../cases/network_form.ts";
import { checkRealForm, checkSmallForm } from "./check.ts";
import { PreparedPass } from "./prepared_pass.ts";
import type { Measurement } from "./rows.ts";
import { timeCommands } from "./timing.ts";

/** What an item needs. */
export interface BenchContext {
  readonly device: GpuDevice;
  /** Reports the current activity, for the line of progress. */
  readonly onStage: (stage: string) => void;
}

/** An operator's pass, or a network's step. */
export type BenchSubject =
  | { readonly bench: OperatorCase; readonly pass: Pass }
  | { readonly form: NetworkForm };

export interface BenchItem {
  readonly case: string;
  readonly pass: string;
  /** An operator's name, or "network", "data", "encode", "start". */
  readonly op: string;
  /** Part of the default run. */
  readonly isQuick: boolean;
  /** Adapter features that it requires. */
  readonly requires?: readonly string[];
  /** The measurement itself, for items that have one of their own. */
  readonly subject?: BenchSubject;
  /** Whether its shares of the adapter's ceilings are meaningful. */
  readonly usesCeilings: boolean;
  /** Checks, warms up and measures. @throws WeftError if a result is wrong. */
  measure(context: BenchContext): Promise<Measurement>;
}

/** An operator's case and pass. */
function operatorItem(bench: OperatorCase, pass: Pass): BenchItem {
  return {
    case: caseName(bench),
    pass,
    op: bench.op,
    isQuick: bench.isQuick,
    ...(bench.requires && { requires: bench.requires }),
    subject: { bench, pass },
    usesCeilings: true,
    measure: (context) => measureOperator(context, bench, pass),
  };
}

/** All passes of all cases. */
export function operatorItems(cases: readonly OperatorCase[]): BenchItem[] {
  return cases.flatMap((bench) => passesOf(bench).map((pass) => operatorItem(bench, pass)));
}

async function measureOperator(
  { device, onStage }: BenchContext,
  bench: OperatorCase,
  pass: Pass,
): Promise<Measurement> {
  onStage("checking");
  await checkSmallForm(device, bench, pass);
  const prepared = await PreparedPass.compile(device, bench, bench.real, pass);
  try {
    await checkRealForm(bench, pass, prepared);
    onStage("timing");
    const timing = await timeCommands(device, prepared.plan.commands);
    return {
      case: caseName(bench),
      pass,
      batch: batchOf(bench),
      timing,
      ...prepared.cost,
      dispatches: prepared.dispatches,
      peakGpuBytes: device.allocatedBytes,
    };
  } finally {
    prepared.destroy();
  }
}
