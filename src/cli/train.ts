// `weft train`: trains a multi-attribute classifier on a data folder, or on the demo set without one.

import { Command } from "commander";
import { joinPath } from "../base/platform.ts";
import { VERSION } from "../base/version.ts";
import { BatchLoader } from "../data/batches.ts";
import { type AttributeDataset, loadDataset } from "../data/dataset.ts";
import { nodeFiles } from "../platform/node/files.ts";
import { createNodeImageDecoder } from "../platform/node/images.ts";
import { layOutFitting } from "../training/memory_fit.ts";
import { requirePrecision } from "../training/precision.ts";
import { formatEpochLine, RunWriter, WEIGHTS_FILE } from "../training/run_folder.ts";
import { Trainer, type TrainingEnd } from "../training/trainer.ts";
import { layOutTraining } from "../training/training_layout.ts";
import { dataFolder } from "./demo_data.ts";
import { type Engine, withEngine } from "./engine.ts";
import { interruptedExitCode, stoppable } from "./interrupt.ts";
import { now, withProgress } from "./progress.ts";
import { epochTable } from "./tables.ts";
import { counted, print, say, styleOf } from "./terminal.ts";
import {
  addTrainOptions,
  type PreparedTraining,
  prepareTraining,
  type TrainOptions,
} from "./train_options.ts";
import { StepReporter, sayDataset, sayPlan, sayTitle, trainingRecord } from "./train_report.ts";
import { sayKernels, sayTuning, tuneLayouts, useStoredTuning } from "./tuning.ts";

/** The `train` subcommand. Exit code 130 where Ctrl-C ended it. */
export function trainCommand(): Command {
  const command = new Command("train").description(
    "train a multi-attribute classifier (on a demo set without --data)",
  );
  return addTrainOptions(command).action(train);
}

async function train(options: TrainOptions): Promise<void> {
  const folder = await dataFolder(options.data);
  const dataset = await loadDataset(nodeFiles, folder, { skipBad: options.skipBad });
  const prepared = await prepareTraining(nodeFiles, options, dataset);
  const out = options.out ?? joinPath("runs", timeName(new Date()));
  await withEngine(options.adapter, (engine) => trainOn(engine, options, dataset, prepared, out));
}

/** Trains on an open device and writes the run. */
async function trainOn(
  engine: Engine,
  options: TrainOptions,
  dataset: AttributeDataset,
  prepared: PreparedTraining,
  out: string,
): Promise<void> {
  const { device, budgetBytes } = engine;
  const { config, split, loaded } = prepared;
  requirePrecision(config.precision, device);
  const layOut = () =>
    layOutFitting(config.batchSize, (batchSize) => layOutTraining({ ...config, batchSize }, device.facts), {
      facts: device.facts,
      budgetBytes,
    });
  const tuning = await useStoredTuning(engine);
  let layout = layOut();
  if (options.tune !== undefined) {
    const found = await tuneLayouts(engine, layout.layouts, { budgetSeconds: options.tune });
    sayTuning(found);
    layout = layOut();
  }
  const writer = new RunWriter(nodeFiles, out);
  const record = trainingRecord(options, prepared, dataset.folder, layout);
  const isEarlier = await writer.start({ network: config, heads: prepared.heads, training: record });
  sayTitle(`weft ${VERSION} train`);
  sayDataset(dataset, prepared);
  sayPlan(options, prepared, engine, layout);
  sayKernels(device, layout.layouts, tuning);
  if (isEarlier) say(`  ${out} held an earlier run; it is replaced`);

  const total = layout.layouts.reduce((sum, { statistics }) => sum + statistics.pipelines, 0);
  const compiling = { label: "compiling", total, unit: "pipelines", showsRate: false };
  const values = loaded?.values ?? new Map<string, Float32Array>();
  const trainer = await withProgress(compiling, (progress) => {
    const onPipelines = (done: number) => progress.update(done);
    return Trainer.create(device, config, prepared.heads, values, { layout, onPipelines });
  });
  const loader = new BatchLoader(dataset, createNodeImageDecoder(), {
    batchSize: config.batchSize,
    width: config.size,
    height: config.size,
    ...(options.skipBad && { skipBad: true }),
  });
  const save = async () => writer.writeWeights(layout.training.weights, await trainer.readWeights());
  const reporter = new StepReporter(config);
  const stopping = () => say("\nstopping after this step; Ctrl-C again ends at once");
  const end = await stoppable(stopping, (signal) =>
    trainer.train(loader, split, {
      now,
      signal,
      onStep: (progress) => reporter.step(progress),
      onEpoch: async (report) => {
        reporter.finish();
        await writer.addEpoch(report);
        await save();
        print(options.json ? formatEpochLine(report) : epochTable(report, prepared.heads));
      },
    }),
  ).finally(() => reporter.abandon());
  if (end === "interrupted") await save();
  trainer.destroy();
  sayEnd(end, loader, out, options);
}

function sayEnd(end: TrainingEnd, loader: BatchLoader, out: string, { data }: TrainOptions): void {
  const { bold, green, yellow } = styleOf(process.stderr);
  const bad = loader.badImages;
  if (bad.length > 0) {
    say(yellow(`${counted(bad.length, "bad image")} left out, first ${bad[0]?.message}`));
  }
  if (end === "interrupted") {
    say(yellow(`interrupted; the weights so far are in ${joinPath(out, WEIGHTS_FILE)}`));
    process.exitCode = interruptedExitCode();
    return;
  }
  say(`${green("done")}, the run is in ${bold(out)}`);
  say(`next: npx weft evaluate --model ${out}${data === undefined ? "" : ` --data ${data}`}`);
}

/** `2025-11-23_16-04-05`, local time. */
function timeName(date: Date): string {
  const pad = (part: number) => String(part).padStart(2, "0");
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(pad).join("-");
  return `${day}_${[date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join("-")}`;
}
