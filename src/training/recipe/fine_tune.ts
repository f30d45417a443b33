// The public way to train: a data set and a few settings in, a network that predicts out.
//
//   const run = await fineTune({ data: "photos", weights: "imagenet", platform });
//   const [answer] = await run.predict(["new.jpg"]);

import { WeftError } from "../../base/errors.ts";
import { BatchLoader } from "../../data/batches.ts";
import type { AttributeDataset } from "../../data/dataset.ts";
import type { ImageDecoder } from "../../data/images.ts";
import { GpuDevice } from "../../gpu/device.ts";
import type { StoredTuning } from "../../tune/tuning_store.ts";
import { layOutFitting } from "../memory_fit.ts";
import type { NetworkConfig } from "../network.ts";
import { requirePrecision } from "../precision.ts";
import type { RunConfig } from "../run_folder.ts";
import { findRunPlace, type RunPlace } from "../run_folder_place.ts";
import { RunWriter } from "../run_folder_writer.ts";
import { type RecordedEnd, recordTraining } from "../run_recording.ts";
import { Trainer, type TrainerHooks } from "../trainer.ts";
import { layOutTraining, type TrainingLayout } from "../training_layout.ts";
import { FineTuned, type TrainingOutcome } from "./fine_tuned.ts";
import type { TrainingEngine, TrainingPlatform, WorkHooks } from "./platform.ts";
import { type PreparedTraining, prepareNetwork, prepareTraining } from "./prepare.ts";
import { trainingRecord } from "./record.ts";
import type { CompleteSettings, TrainSettings } from "./schema.ts";
import { checkSettings } from "./settings.ts";
import { type DataHooks, loadStart, lookAtImages, openData, type TrainingData } from "./sources.ts";

/** All that is known of a training before its steps are compiled. */
export interface PlannedTraining extends PreparedTraining {
  readonly engine: TrainingEngine;
  readonly layout: TrainingLayout;
  /** Kernels that were measured earlier, where the platform keeps them. */
  readonly tuning: StoredTuning | undefined;
  /** Where the run is written; undefined where nothing is. */
  readonly run: Pick<RunWriter, "folder" | "replaces"> | undefined;
}

/** What a training tells as it goes. */
export interface FineTuneHooks extends DataHooks, Pick<TrainerHooks, "onStep" | "onEpoch"> {
  /** Told what was found of earlier runs. */
  readonly onRemark?: ((text: string) => void) | undefined;
  /** Told what went otherwise than it should, where the training goes on: a file that could not be written, say. */
  readonly onWarning?: ((text: string) => void) | undefined;
  /** Called when all is settled and nothing is compiled yet. */
  readonly onPlanned?: ((training: PlannedTraining) => void) | undefined;
  /** Called as pipelines become ready. */
  readonly onPipelines?: ((done: number, total: number) => void) | undefined;
  /** Called at the end, with what is kept, before a fault that ended the training is thrown. */
  readonly onEnd?: ((outcome: RecordedEnd & Pick<TrainingOutcome, "badImages">) => void) | undefined;
}

/** A training: settings by the names of `TRAIN_OPTIONS`, of which nearly all have defaults. */
export interface FineTuneOptions extends TrainSettings, FineTuneHooks {
  /** A data folder, or a data set of the caller's. */
  readonly data: string | AttributeDataset;
  readonly platform: TrainingPlatform;
  /** Decodes the images in place of the platform's: it knows the paths of the caller's data set. */
  readonly decoder?: ImageDecoder | undefined;
  /** In place of `out`: where the run goes, as `findRunPlace` has found it. */
  readonly place?: RunPlace | undefined;
  /** Ends the training after the step in hand. Before the first step `fineTune` throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A training's parts that are not settings. */
type Request = Omit<FineTuneOptions, keyof TrainSettings>;

/**
 * Trains a multi-task image classifier: one softmax head an attribute on a backbone, all layers fine-tuned.
 * @returns the trained network; after an abort the one that there is, its `end` being "interrupted"
 * @throws WeftError for settings, data or weights that cannot be used, for what does not fit the device, and where numbers
 *   are no longer finite; with `out` what there is of the run is saved first
 */
export async function fineTune(options: FineTuneOptions): Promise<FineTuned> {
  const { request, settings } = splitOptions(options);
  const { platform, signal } = request;
  const place = request.place ?? (await placeOf(settings, request));
  const labelled = await openData(request.data, request.decoder, settings, platform);
  const loadWeights = (weights: string, network: NetworkConfig) => {
    return loadStart(weights, network, platform, workHooks(request));
  };
  const network = await prepareNetwork(settings, labelled.dataset.heads, loadWeights);
  signal?.throwIfAborted();
  const data = await lookAtImages(labelled, settings, request);
  const prepared = await prepareTraining(settings, network, data);
  signal?.throwIfAborted();
  const { engine, close } = await openEngine(platform);
  try {
    return await trainOn(engine, request, { prepared, data, place, close });
  } catch (thrown) {
    close();
    throw thrown;
  }
}

/** @throws WeftError where a setting is not what it takes, or there is none of its name */
function splitOptions(options: FineTuneOptions): { request: Request; settings: CompleteSettings } {
  const { data, platform, decoder, place, signal, ...others } = options;
  const { onImagesChecked, onImages, onRemark, onWarning, onPlanned, onPipelines, ...rest } = others;
  const { onStep, onEpoch, onEnd, ...given } = rest;
  const hooks = {
    ...{ onImagesChecked, onImages, onRemark, onWarning, onPlanned, onPipelines, onEnd },
    ...(onStep && { onStep }),
    ...(onEpoch && { onEpoch }),
  };
  return { request: { data, platform, decoder, place, signal, ...hooks }, settings: checkSettings(given) };
}

const workHooks = ({ signal, onWarning }: Request): WorkHooks => {
  return { signal, onWarning: (text) => onWarning?.(text) };
};

async function placeOf(
  { out, overwrite }: CompleteSettings,
  { platform: { runs }, onRemark }: Request,
): Promise<RunPlace | undefined> {
  if (out === undefined) return undefined;
  if (!runs) throw new WeftError(`${out}: runs cannot be written here`, { option: "out" });
  const remark = (text: string) => onRemark?.(text);
  return findRunPlace(runs.folders, { out, overwrite, date: new Date(), remark });
}

async function openEngine({
  device,
}: TrainingPlatform): Promise<{ engine: TrainingEngine; close: () => void }> {
  if (device instanceof GpuDevice) return { engine: { device }, close: () => {} };
  const engine = await device();
  return { engine, close: () => engine.device.destroy() };
}

/** What `trainOn` takes over. */
interface Start {
  readonly prepared: PreparedTraining;
  readonly data: TrainingData;
  readonly place: RunPlace | undefined;
  readonly close: () => void;
}

async function trainOn(engine: TrainingEngine, request: Request, start: Start): Promise<FineTuned> {
  const { prepared, data, place, close } = start;
  const { platform, signal } = request;
  const { device } = engine;
  const { layout, tuning } = await layOut(engine, prepared, request);
  const { config: network, heads, loaded } = prepared;
  const config = { network, heads, training: trainingRecord(prepared, layout) };
  const writer = await startRun(place, config, layout, request);
  let trainer: Trainer;
  try {
    request.onPlanned?.({ ...prepared, engine, layout, tuning, run: writer });
    const onPipelines = (done: number, total: number) => {
      signal?.throwIfAborted();
      request.onPipelines?.(done, total);
    };
    trainer = await Trainer.create(device, network, heads, loaded?.values ?? new Map(), {
      layout,
      onPipelines,
    });
  } catch (thrown) {
    await writer?.abandon();
    throw thrown;
  }
  try {
    const outcome = await train(trainer, writer, { request, prepared, data });
    trainer.endTraining();
    return new FineTuned(outcome, { trainer, prepared, config, decoder: data.decoder, platform, close });
  } catch (thrown) {
    trainer.destroy();
    throw thrown;
  }
}

/** Lays the steps out for the device, by kernels that were measured where that was asked for. */
async function layOut(
  engine: TrainingEngine,
  { config, settings }: PreparedTraining,
  request: Request,
): Promise<{ layout: TrainingLayout; tuning: StoredTuning | undefined }> {
  const { kernels } = request.platform;
  const { device, budgetBytes } = engine;
  requirePrecision(config.precision, device);
  const fitting = () => {
    const ofSize = (batchSize: number) => layOutTraining({ ...config, batchSize }, device.facts);
    return layOutFitting(config.batchSize, ofSize, { facts: device.facts, budgetBytes });
  };
  const tuning = await kernels?.load(engine);
  if (tuning?.remark !== undefined) request.onWarning?.(tuning.remark);
  const layout = fitting();
  if (settings.tune === undefined) return { layout, tuning };
  if (!kernels)
    throw new WeftError("cannot be done here: nothing keeps measured kernels", { option: "tune" });
  await kernels.measure(engine, layout.layouts, {
    budgetSeconds: settings.tune,
    ...workHooks(request),
  });
  return { layout: fitting(), tuning };
}

async function startRun(
  place: RunPlace | undefined,
  config: RunConfig,
  layout: TrainingLayout,
  { platform: { runs }, onRemark, onWarning, signal }: Request,
): Promise<RunWriter | undefined> {
  signal?.throwIfAborted();
  if (!place) return undefined;
  if (!runs) throw new WeftError(`${place.folder}: runs cannot be written here`);
  return RunWriter.start(runs.folders, place, config, layout.training.weights, {
    remark: (text) => onRemark?.(text),
    warn: (text) => onWarning?.(text),
    rescueFolder: runs.rescueFolder,
  });
}

const UNRECORDED = { folder: undefined, stage: undefined, isMisplaced: false };

/** Seconds on a clock that only goes forward. */
const now = () => performance.now() / 1000;

async function train(
  trainer: Trainer,
  writer: RunWriter | undefined,
  { request, prepared, data }: { request: Request; prepared: PreparedTraining; data: TrainingData },
): Promise<TrainingOutcome> {
  const { config, settings, split, dataset } = prepared;
  const { signal, onStep, onEpoch, onEnd } = request;
  const { batchSize, size } = config;
  const { skipBad } = settings;
  const loader = new BatchLoader(dataset, data.decoder, { batchSize, width: size, height: size, skipBad });
  const metrics: TrainingOutcome["metrics"][number][] = [];
  const run = (save: (report: (typeof metrics)[number]) => Promise<void>) =>
    trainer.train(loader, split, {
      now,
      ...(signal && { signal }),
      ...(onStep && { onStep }),
      onEpoch: async (report) => {
        metrics.push(report);
        await save(report);
        await onEpoch?.(report);
      },
    });
  const recorded: RecordedEnd = writer
    ? await recordTraining(writer, trainer, run)
    : { end: await run(async () => {}), kept: UNRECORDED };
  const { badImages } = loader;
  onEnd?.({ ...recorded, badImages });
  if (recorded.end === "failed") throw recorded.fault;
  return { end: recorded.end, kept: recorded.kept, metrics, badImages };
}
