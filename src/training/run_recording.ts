// Trains into a run folder: the weights are saved after each epoch, and whatever ends the training, what there is
// is saved first.

import { DeviceLostError } from "../gpu/device_loss.ts";
import { DivergenceError } from "./divergence.ts";
import type { KeptRun, RunWriter } from "./run_folder_writer.ts";
import type { EpochReport, Trainer, TrainingEnd } from "./trainer.ts";

/** How a recorded training ended, and what of it is kept. */
export type RecordedEnd =
  | { readonly end: TrainingEnd; readonly kept: KeptRun }
  | { readonly end: "failed"; readonly fault: unknown; readonly kept: KeptRun };

/**
 * Runs a training and keeps its weights.
 * @param train runs it; calls what it is handed after each epoch
 */
export async function recordTraining(
  writer: RunWriter,
  trainer: Pick<Trainer, "checkFinite" | "readWeights">,
  train: (saveEpoch: (report: EpochReport) => Promise<void>) => Promise<TrainingEnd>,
): Promise<RecordedEnd> {
  let epochsDone = 0;
  const saveEpoch = async (report: EpochReport) => {
    await writer.addEpoch(report);
    await writer.writeWeights({ values: await trainer.readWeights(), stage: `of epoch ${report.epoch}` });
    epochsDone = report.epoch;
  };
  const savePart = async () => {
    await trainer.checkFinite();
    writer.keepWeights({ values: await trainer.readWeights(), stage: `from within epoch ${epochsDone + 1}` });
  };
  let end: TrainingEnd;
  try {
    end = await train(saveEpoch);
    if (end === "interrupted") await savePart();
  } catch (fault) {
    if (isSaveable(fault)) await savePart().catch(() => undefined); // the fault that came first is thrown
    return { end: "failed", fault, kept: await writer.finish(epochsDone > 0) };
  }
  // A run that was stopped in its first epoch is no reason to give up an earlier one.
  return { end, kept: await writer.finish(epochsDone > 0) };
}

/** Whether the weights on the GPU are worth saving after a fault. */
function isSaveable(fault: unknown): boolean {
  return !(fault instanceof DeviceLostError) && !(fault instanceof DivergenceError);
}
