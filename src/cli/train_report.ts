// What `weft train` tells before it starts and while it runs.

import { smallestBatch } from "../data/batches.ts";
import type { AttributeDataset } from "../data/dataset.ts";
import { formatWeightReport } from "../formats/weight_matching.ts";
import { megabytes } from "../gpu/device.ts";
import { changedChoices } from "../graph/choices.ts";
import type { TrainingRecord } from "../training/run_folder.ts";
import { phasesText, smallBatchWarning, totalEpochs } from "../training/schedule.ts";
import type { StepProgress, TrainerConfig } from "../training/trainer.ts";
import type { TrainingLayout } from "../training/training_layout.ts";
import { sayNotes } from "./data_notes.ts";
import { adapterLine, type Engine } from "./engine.ts";
import { now, Progress } from "./progress.ts";
import { headLines } from "./tables.ts";
import { counted, duration, grouped, say, sayField, styleOf } from "./terminal.ts";
import type { PreparedTraining, TrainOptions } from "./train_options.ts";

/** The data set: images, how they are split, and the heads. */
export function sayDataset(dataset: AttributeDataset, { split, notes }: PreparedTraining): void {
  const { training, validation } = split;
  const used = [...training, ...validation];
  const parts = `${grouped(training.length)} training, ${grouped(validation.length)} validation`;
  sayField("data", `${dataset.folder}: ${counted(used.length, "image")} (${parts})`);
  const labelled = dataset.heads.map(() => 0);
  for (const image of used) {
    for (const { head } of dataset.images[image]?.labels ?? []) labelled[head] = (labelled[head] ?? 0) + 1;
  }
  const rows = dataset.heads.map(({ name, classes }, head) => {
    return { name, classes, labelled: labelled[head] ?? 0 };
  });
  for (const line of headLines(rows)) sayField("", line);
  sayNotes(notes);
}

const RECOMPUTED = { cheap: "cheap values", blocks: "what is inside blocks" } as const;

/** Network, weights, schedule and memory. */
export function sayPlan(
  options: TrainOptions,
  prepared: PreparedTraining,
  engine: Engine,
  layout: TrainingLayout,
): void {
  const { config, parameters } = prepared;
  const { backbone, alpha, size, heads } = config;
  const width = alpha === undefined ? "" : ` alpha ${alpha}`;
  sayField("adapter", adapterLine(engine.description));
  sayField(
    "network",
    `${backbone.name}${width}, ${size} x ${size} pixels, ${counted(heads.length, "head")}, ` +
      `${grouped(parameters)} parameters`,
  );
  sayField("weights", weightsText(options, prepared));
  sayField("training", trainingText(prepared));
  sayField("batch norm", momentumText(prepared));
  const smallest = smallestBatch(prepared.split.training.length, config.batchSize);
  const warning = smallBatchWarning(smallest, config.freezeBackbone);
  if (warning !== undefined) sayField("", styleOf(process.stderr).yellow(`warning: ${warning}`));
  const { weightBytes, optimizerBytes, totalBytes } = layout;
  const parts = `weights ${megabytes(weightBytes)}, optimizer ${megabytes(optimizerBytes)}`;
  const { recompute } = config;
  const again =
    recompute === undefined || recompute === "nothing" ? "" : `, recomputing ${RECOMPUTED[recompute]}`;
  sayField("GPU memory", `${megabytes(totalBytes)} planned (${parts})${again}`);
}

function weightsText({ weights, seed }: TrainOptions, { loaded, config }: PreparedTraining): string {
  if (!loaded) return `random, from seed ${seed} (--weights FILE starts from trained ones)`;
  const drawn = config.heads.filter(({ name }) => !loaded.values.has(`${name}/kernel`)).length;
  const heads = drawn === 0 ? "" : `; ${counted(drawn, "head")} random, from seed ${seed}`;
  return `${weights}: ${formatWeightReport(loaded.report)}${heads}`;
}

function trainingText({ config, steps }: PreparedTraining): string {
  const { phases, batchSize, dropout, augment, optimizer, freezeBackbone, precision } = config;
  const decay = optimizer.weightDecay ? `, weight decay ${optimizer.weightDecay}` : "";
  return (
    `${phasesText(phases)}, batch ${batchSize}, ${counted(steps, "step")}, ${optimizer.name}${decay}, ` +
    `dropout ${dropout}, ${augment ? "augmented" : "not augmented"}${freezeBackbone ? ", backbone frozen" : ""}` +
    (precision === "mixed" ? ", mixed precision" : "")
  );
}

function momentumText({ config, steps, isMomentumPicked }: PreparedTraining): string {
  const { backbone, batchNormMomentum, freezeBackbone } = config;
  const value = `momentum ${Number(batchNormMomentum.toFixed(4))}`;
  if (freezeBackbone) return "frozen with the backbone: its averages stay as they are";
  if (!isMomentumPicked) return `${value}, as given`;
  if (batchNormMomentum === backbone.batchNormMomentum) return `${value}, the backbone's own`;
  return `${value}, so that averages settle within ${counted(steps, "step")} (the backbone's own: ${backbone.batchNormMomentum})`;
}

/** What `config.json` says of the training. */
export function trainingRecord(
  options: TrainOptions,
  { config, split }: PreparedTraining,
  folder: string,
  { layouts }: TrainingLayout,
): TrainingRecord {
  const { phases, batchSize, seed, dropout, augment, batchNormMomentum, optimizer } = config;
  return {
    data: folder,
    trainingImages: split.training.length,
    validationImages: split.validation.length,
    phases: phasesText(phases),
    batchSize,
    seed,
    limit: options.limit ?? null,
    dropout,
    augment,
    batchNormMomentum,
    optimizer,
    freeze: options.freeze ?? null,
    precision: options.precision,
    weights: options.weights ?? null,
    kernels: changedChoices(layouts.flatMap(({ choices }) => choices)),
  };
}

/** Shows the steps of a training: a bar a stage. */
export class StepReporter {
  private progress: Progress | undefined;
  private stage = "";
  /** When the stage in hand began: its first step is told when it is done. */
  private startedAt = now();

  constructor(private readonly config: TrainerConfig) {}

  step({ stage, epoch, images, totalImages, loss }: StepProgress): void {
    if (this.stage === "") say(`first step done ${duration(now())} after the start`);
    const key = `${stage} ${epoch}`;
    if (this.stage !== key) {
      if (this.progress) this.finish(); // of a stage that left bad images out
      const isTraining = stage === "train";
      const label = `epoch ${epoch}/${totalEpochs(this.config.phases)}${isTraining ? "" : " validation"}`;
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

/** The head line of a command. */
export function sayTitle(what: string): void {
  const { bold } = styleOf(process.stderr);
  say(bold(what));
}
