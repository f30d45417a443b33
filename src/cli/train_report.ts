// What `weft train` tells before it starts, while it runs, and at its end.

import { joinPath } from "../base/platform.ts";
import { remedyText } from "../base/remedies.ts";
import { VERSION } from "../base/version.ts";
import { smallestBatch } from "../data/batches.ts";
import { formatWeightReport } from "../formats/weight_matching.ts";
import { megabytes } from "../gpu/device.ts";
import type { FineTuneHooks, PlannedTraining } from "../training/recipe/fine_tune.ts";
import type { PreparedTraining } from "../training/recipe/prepare.ts";
import { formatEpochLine, WEIGHTS_FILE } from "../training/run_folder.ts";
import type { RecordedEnd } from "../training/run_recording.ts";
import { LARGER_BATCHES, phasesText, smallBatchWarning } from "../training/schedule.ts";
import { CheckProgress, sayChecked } from "./checked_images.ts";
import { sayNotes } from "./data_notes.ts";
import { adapterLine, described } from "./engine.ts";
import { FLAG_WORDS } from "./flag_words.ts";
import { interruptedExitCode } from "./interrupt.ts";
import { Progress } from "./progress.ts";
import { sayBadImages } from "./run_predictor.ts";
import { StepReporter } from "./step_reporter.ts";
import { epochTable, headLines } from "./tables.ts";
import { counted, grouped, print, say, sayField, styleOf } from "./terminal.ts";
import type { TrainOptions } from "./train_options.ts";
import { sayKernels } from "./tuning.ts";

/** Tells of one training. */
export class TrainReporter {
  private readonly checking = new CheckProgress();
  private compiling: Progress | undefined;
  private planned: PlannedTraining | undefined;
  private steps: StepReporter | undefined;

  constructor(private readonly options: TrainOptions) {}

  /** What `fineTune` tells. */
  readonly hooks: FineTuneHooks = {
    onImagesChecked: (done, total) => this.checking.update(done, total),
    onImages: sayChecked,
    onRemark: sayIndented,
    onWarning: sayWarning,
    onPlanned: (planned) => this.sayPlanned(planned),
    onPipelines: (done, total) => this.compiled(done, total),
    onStep: (progress) => this.startSteps().step(progress),
    onEpoch: (report) => {
      this.startSteps().finish();
      const heads = this.planned?.heads ?? [];
      print(this.options.json ? formatEpochLine(report) : epochTable(report, heads));
    },
    onEnd: (outcome) => {
      this.abandon();
      sayBadImages(outcome);
      this.sayEnd(outcome);
    },
  };

  /** What a signal does that comes now. */
  sayStopping(): void {
    const what = this.planned ? "stopping after this step and saving" : "stopping";
    say(`\n${what}; a second Ctrl-C or signal ends at once`);
  }

  /** Clears bars of what did not come to its end. */
  abandon(): void {
    this.checking.abandon();
    this.compiling?.abandon();
    this.steps?.abandon();
  }

  private sayPlanned(planned: PlannedTraining): void {
    this.planned = planned;
    const { engine, layout, tuning, run } = planned;
    sayTitle(`weft ${VERSION} train`);
    sayDataset(planned);
    sayPlan(planned);
    if (tuning) sayKernels(engine.device, layout.layouts, tuning);
    if (run?.replaces) sayIndented(`${run.folder} holds an earlier run; this one replaces it at its end`);
    const total = layout.layouts.reduce((sum, { statistics }) => sum + statistics.pipelines, 0);
    this.compiling = new Progress({ label: "compiling", total, unit: "pipelines", showsRate: false });
  }

  private compiled(done: number, total: number): void {
    this.compiling?.update(done);
    if (done === total) this.startSteps();
  }

  /** Ends the compilation, at the first step at the latest: from now on steps are timed. */
  private startSteps(): StepReporter {
    this.compiling?.finish();
    this.steps ??= new StepReporter(this.planned?.config.phases ?? []);
    return this.steps;
  }

  private sayEnd({ end, kept }: RecordedEnd): void {
    const { bold, green } = styleOf(process.stderr);
    const { data } = this.options;
    const folder = this.planned?.run?.folder;
    const place = kept.folder === undefined ? undefined : joinPath(kept.folder, WEIGHTS_FILE);
    const isBeside = kept.folder !== undefined && kept.folder !== folder && !kept.isMisplaced;
    if (kept.isMisplaced) process.exitCode = 1;
    if (end === "finished" && kept.folder !== undefined && !kept.isMisplaced) {
      say(`${green("done")}, the run is in ${bold(kept.folder)}`);
      say(`next: npx weft evaluate --model ${kept.folder}${data === undefined ? "" : ` --data ${data}`}`);
      return;
    }
    if (place === undefined) {
      sayWarning("no weights of this run are kept");
    } else {
      const beside = isBeside ? `; the earlier run stays in ${folder}` : "";
      sayWarning(
        end === "interrupted"
          ? `interrupted; the weights so far are in ${place} (${kept.stage})${beside}`
          : `the weights ${kept.stage} are in ${place}${beside}`,
      );
    }
    if (end === "interrupted" && !kept.isMisplaced) process.exitCode = interruptedExitCode();
  }
}

export function sayIndented(text: string): void {
  say(`  ${text}`);
}

function sayWarning(text: string): void {
  say(styleOf(process.stderr).yellow(text));
}

/** The data set: images, how they are split, and the heads. */
function sayDataset({ dataset, split, notes }: PreparedTraining): void {
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
function sayPlan(planned: PlannedTraining): void {
  const { config, parameters, layout, engine } = planned;
  const { backbone, alpha, size, heads } = config;
  const width = alpha === undefined ? "" : ` alpha ${alpha}`;
  sayField("adapter", adapterLine(described(engine).description));
  sayField(
    "network",
    `${backbone.name}${width}, ${size} x ${size} pixels, ${counted(heads.length, "head")}, ` +
      `${grouped(parameters)} parameters`,
  );
  sayField("weights", weightsText(planned));
  sayField("training", trainingText(planned));
  sayField("batch norm", momentumText(planned));
  const smallest = smallestBatch(planned.split.training.length, config.batchSize);
  const warning = smallBatchWarning(smallest, config.freezeBackbone);
  if (warning !== undefined)
    sayField(
      "",
      styleOf(process.stderr).yellow(`warning: ${warning} ${remedyText(LARGER_BATCHES, FLAG_WORDS)}`),
    );
  const { weightBytes, optimizerBytes, totalBytes } = layout;
  const parts = `weights ${megabytes(weightBytes)}, optimizer ${megabytes(optimizerBytes)}`;
  const { recompute } = config;
  const again =
    recompute === undefined || recompute === "nothing" ? "" : `, recomputing ${RECOMPUTED[recompute]}`;
  sayField("GPU memory", `${megabytes(totalBytes)} planned (${parts})${again}`);
}

function weightsText({ loaded, config, settings: { weights, seed } }: PreparedTraining): string {
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

/** The head line of a command. */
export function sayTitle(what: string): void {
  const { bold } = styleOf(process.stderr);
  say(bold(what));
}
