// The steps of a training as they go: a bar a stage, and when the first step was done.

import { type Phase, totalEpochs } from "../training/schedule.ts";
import type { StepProgress } from "../training/trainer.ts";
import { now, Progress } from "./progress.ts";
import { duration, say } from "./terminal.ts";

/** Shows the steps of a training: a bar a stage. */
export class StepReporter {
  private progress: Progress | undefined;
  private stage = "";
  /** When the stage in hand began: its first step is told when it is done. */
  private startedAt = now();

  constructor(private readonly phases: readonly Phase[]) {}

  step({ stage, epoch, images, totalImages, loss }: StepProgress): void {
    if (this.stage === "") say(`first step done ${duration(now())} after the start`);
    const key = `${stage} ${epoch}`;
    if (this.stage !== key) {
      if (this.progress) this.finish(); // of a stage that left bad images out
      const isTraining = stage === "train";
      const label = `epoch ${epoch}/${totalEpochs(this.phases)}${isTraining ? "" : " validation"}`;
      const { startedAt } = this;
      this.progress = new Progress({
        label,
        total: totalImages,
        unit: "images",
        showsEnd: isTraining,
        startedAt,
      });
      this.stage = key;
    }
    this.progress?.update(images, `loss ${loss.toFixed(4)}`);
    if (images >= totalImages) this.finish();
  }

  /** Ends the stage in hand, and lets the next begin now. */
  finish(): void {
    this.progress?.finish();
    this.progress = undefined;
    this.startedAt = now();
  }

  /** Clears the bar of a stage that did not come to its end. */
  abandon(): void {
    this.progress?.abandon();
    this.progress = undefined;
  }
}
