// `weft train`: trains a multi-attribute classifier on a data folder, or on the demo set without one.

import { Command } from "commander";
import { joinPath } from "../base/platform.ts";
import { VERSION } from "../base/version.ts";
import { BatchLoader } from "../data/batches.ts";
import { type AttributeDataset, chooseImages, loadDataset } from "../data/dataset.ts";
import type { ImageDecoder, ImageInspector } from "../data/images.ts";
import type { GpuDevice } from "../gpu/device.ts";
import { cacheFolder } from "../platform/node/cache_folder.ts";
import { nodeFiles } from "../platform/node/files.ts";
import { nodeFolders } from "../platform/node/folders.ts";
import { createNodeImageDecoder } from "../platform/node/images.ts";
import { layOutFitting } from "../training/memory_fit.ts";
import { requirePrecision } from "../training/precision.ts";
import { formatEpochLine, WEIGHTS_FILE } from "../training/run_folder.ts";
import { findRunPlace, type RunPlace } from "../training/run_folder_place.ts";
import { RunWriter } from "../training/run_folder_writer.ts";
import { type RecordedEnd, recordTraining } from "../training/run_recording.ts";
import { Trainer } from "../training/trainer.ts";
import { layOutTraining, type TrainingLayout } from "../training/training_layout.ts";
import { checkImages, withImages } from "./checked_images.ts";
import { dataFolder } from "./demo_data.ts";
import { type Engine, withEngine } from "./engine.ts";
import { interruptedExitCode, isEndAsked, stoppable } from "./interrupt.ts";
import { now, withProgress } from "./progress.ts";
import { allImages } from "./run_predictor.ts";
import { epochTable } from "./tables.ts";
import { counted, print, say, styleOf } from "./terminal.ts";
import {
  addTrainOptions,
  type PreparedTraining,
  prepareNetwork,
  prepareTraining,
  type TrainOptions,
} from "./train_options.ts";
import { StepReporter, sayDataset, sayPlan, sayTitle, trainingRecord } from "./train_report.ts";
import { sayKernels, sayTuning, tuneLayouts, useStoredTuning } from "./tuning.ts";

/** The `train` subcommand. Exit code 130, 143 or 129 where Ctrl-C, SIGTERM or SIGHUP ended it. */
export function trainCommand(): Command {
  const command = new Command("train").description(
    "train a multi-attribute classifier (on a demo set without --data)",
  );
  return addTrainOptions(command).action(train);
}

async function train(options: TrainOptions): Promise<void> {
  const place = await findRunPlace(nodeFolders, { ...options, date: new Date(), remark: sayIndented });
  const folder = await dataFolder(options.data);
  const decoder = createNodeImageDecoder({ maxPixels: options.maxPixels });
  const labelled = await loadDataset(nodeFiles, folder, { skipBad: options.skipBad });
  const network = await prepareNetwork(nodeFiles, options, labelled.heads);
  const dataset = await withGoodImages(labelled, decoder, options);
  const prepared = await prepareTraining(nodeFiles, options, dataset, network);
  await withEngine(options.adapter, (engine) =>
    trainOn(engine, options, { dataset, decoder }, prepared, place),
  );
}

/**
 * Looks at the images that the training will see, or with `--skip-bad` at all of them: bad ones leave the
 * data set before it is split, so that they shorten no batch.
 */
async function withGoodImages(
  dataset: AttributeDataset,
  inspector: ImageInspector,
  { skipBad, seed, limit }: TrainOptions,
): Promise<AttributeDataset> {
  if (skipBad)
    return withImages(dataset, await checkImages(dataset, allImages(dataset), inspector, { skipBad }));
  await checkImages(dataset, chooseImages(dataset.images.length, { seed, limit }), inspector, {});
  return dataset;
}

/** A data set and what decodes its images. */
interface TrainingData {
  readonly dataset: AttributeDataset;
  readonly decoder: ImageDecoder;
}

/** Trains on an open device and writes the run. */
async function trainOn(
  engine: Engine,
  options: TrainOptions,
  data: TrainingData,
  prepared: PreparedTraining,
  place: RunPlace,
): Promise<void> {
  const { dataset } = data;
  const { device, budgetBytes } = engine;
  const { config } = prepared;
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
    if (found.isStopped && isEndAsked()) {
      process.exitCode = interruptedExitCode();
      return;
    }
    layout = layOut();
  }
  const training = trainingRecord(options, prepared, dataset.folder, layout);
  const stopping = () => say("\nstopping after this step and saving; a second Ctrl-C or signal ends at once");
  await stoppable(stopping, async (signal) => {
    const run = { network: config, heads: prepared.heads, training };
    const writer = await RunWriter.start(nodeFolders, place, run, layout.training.weights, {
      remark: sayIndented,
      warn: sayWarning,
      rescueFolder: joinPath(cacheFolder(), "rescued"),
    });
    sayTitle(`weft ${VERSION} train`);
    sayDataset(dataset, prepared);
    sayPlan(options, prepared, engine, layout);
    sayKernels(device, layout.layouts, tuning);
    if (writer.replaces)
      sayIndented(`${writer.folder} holds an earlier run; this one replaces it at its end`);
    const trainer = await compile(device, prepared, layout, signal).catch(async (thrown: unknown) => {
      await writer.abandon();
      throw thrown;
    });
    await record(writer, trainer, options, data, prepared, signal);
  });
}

/** Compiles the steps; a signal ends that after the pipeline in hand. */
function compile(
  device: GpuDevice,
  { config, heads, loaded }: PreparedTraining,
  layout: TrainingLayout,
  signal: AbortSignal,
): Promise<Trainer> {
  const total = layout.layouts.reduce((sum, { statistics }) => sum + statistics.pipelines, 0);
  const compiling = { label: "compiling", total, unit: "pipelines", showsRate: false };
  const values = loaded?.values ?? new Map<string, Float32Array>();
  return withProgress(compiling, (progress) => {
    const onPipelines = (done: number) => {
      signal.throwIfAborted();
      progress.update(done);
    };
    return Trainer.create(device, config, heads, values, { layout, onPipelines });
  });
}

/** Trains, and says how it ended and what of it is kept. */
async function record(
  writer: RunWriter,
  trainer: Trainer,
  options: TrainOptions,
  { dataset, decoder }: TrainingData,
  { config, heads, split }: PreparedTraining,
  signal: AbortSignal,
): Promise<void> {
  const loader = new BatchLoader(dataset, decoder, {
    batchSize: config.batchSize,
    width: config.size,
    height: config.size,
    ...(options.skipBad && { skipBad: true }),
  });
  const reporter = new StepReporter(config);
  const outcome = await recordTraining(writer, trainer, (saveEpoch) =>
    trainer
      .train(loader, split, {
        now,
        signal,
        onStep: (progress) => reporter.step(progress),
        onEpoch: async (report) => {
          reporter.finish();
          await saveEpoch(report);
          print(options.json ? formatEpochLine(report) : epochTable(report, heads));
        },
      })
      .finally(() => reporter.abandon()),
  );
  trainer.destroy();
  sayBadImages(loader);
  sayEnd(outcome, writer, options);
  if (outcome.end === "failed") throw outcome.fault;
}

function sayBadImages({ badImages: bad }: BatchLoader): void {
  if (bad.length > 0) sayWarning(`${counted(bad.length, "bad image")} left out, first ${bad[0]?.message}`);
}

function sayEnd({ end, kept }: RecordedEnd, { folder }: RunWriter, { data }: TrainOptions): void {
  const { bold, green } = styleOf(process.stderr);
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

function sayIndented(text: string): void {
  say(`  ${text}`);
}

function sayWarning(text: string): void {
  say(styleOf(process.stderr).yellow(text));
}
