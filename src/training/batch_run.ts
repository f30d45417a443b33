// Runs a plan over batches with two steps in flight: a result is taken up while the next step computes, so
// neither the GPU nor the host waits for the other.

import type { Batch } from "../data/batches.ts";
import type { Plan, StepValues } from "../graph/plan.ts";

/** A batch without its arrays, which are written again while its results are on their way. */
export type BatchFacts = Pick<Batch, "index" | "valid" | "indices">;

export interface BatchRun {
  /** Inputs of the step beside `bytes`, `labels` and `validRows`. */
  readonly inputsOf?: (batch: Batch) => Readonly<Record<string, Float32Array | Uint32Array>>;
  /** Called when a batch's step is on the queue. What it throws ends the run. */
  readonly submitted?: (batch: Batch) => void;
  /** Called in the order of the batches. What it throws ends the run. */
  readonly take: (values: StepValues, batch: BatchFacts) => void;
  /** Ends the run after the step in hand. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs the plan once a batch and resolves when all results are taken. */
export async function runBatches(plan: Plan, batches: AsyncIterable<Batch>, run: BatchRun): Promise<void> {
  const inFlight: Promise<void>[] = [];
  const validRows = new Uint32Array(1);
  try {
    for await (const batch of batches) {
      const { bytes, labels, index, valid, indices } = batch;
      validRows[0] = valid;
      const { values } = await plan.submit({ bytes, labels, validRows, ...run.inputsOf?.(batch) });
      const taken = values.then((arrived) => run.take(arrived, { index, valid, indices }));
      // It may fail while the next batch is awaited; it is thrown when its turn comes.
      taken.catch(() => undefined);
      inFlight.push(taken);
      run.submitted?.(batch);
      if (inFlight.length > 1) await inFlight.shift();
      if (run.signal?.aborted) break;
    }
  } finally {
    await Promise.allSettled(inFlight);
  }
  await Promise.all(inFlight);
}
