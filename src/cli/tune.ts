// `weft tune`: measures which kernels are fastest for a network on this adapter and keeps the result; takes tables that
// were measured elsewhere, and hands them out.

import { Command, Option } from "commander";
import { WeftError } from "../base/errors.ts";
import { readText } from "../base/platform.ts";
import { REFERENCE_HEADS } from "../demo/reference_heads.ts";
import type { Backbone } from "../models/backbone.ts";
import { dawnPackage } from "../platform/node/dawn_package.ts";
import { nodeFiles } from "../platform/node/files.ts";
import { fileTuningStore } from "../platform/node/tuning_store.ts";
import { layOutInferenceStep, type NetworkConfig, networkName } from "../training/network.ts";
import { requirePrecision } from "../training/precision.ts";
import { TUNING_BUDGET_SECONDS } from "../training/recipe/schema.ts";
import { layOutTraining } from "../training/training_layout.ts";
import { KERNEL_HASH } from "../tune/kernel_hash.ts";
import type { TunedNode } from "../tune/tuner.ts";
import { formatTuning, parseTuning, whyStale } from "../tune/tuning_file.ts";
import { loadTuning, saveTuning } from "../tune/tuning_store.ts";
import { adapterLine, type Engine, withEngine } from "./engine.ts";
import { pathText, positiveNumber } from "./flag_readers.ts";
import { interruptedExitCode } from "./interrupt.ts";
import {
  backboneOption,
  batchOption,
  jsonOption,
  requireTraining,
  type StepOptions,
  stepOptions,
  suitableSize,
} from "./options.ts";
import { counted, print, say, sayField } from "./terminal.ts";
import { sayTitle } from "./train_report.ts";
import { measuredOn, sayTuning, tuneLayouts, tuningTable, useStoredTuning } from "./tuning.ts";

interface TuneOptions extends StepOptions {
  readonly backbone?: Backbone;
  readonly batch: number;
  readonly mode: "train" | "inference";
  readonly budget: number;
  readonly again?: boolean;
  readonly import?: string;
  readonly export?: string;
  readonly json?: boolean;
}

/** That of a training with weights. */
const DEFAULT_BATCH = 32;
const DROPOUT = 0.5;

/** The `tune` subcommand. Exit code 130 where Ctrl-C ended it. */
export function tuneCommand(): Command {
  const budget = new Option("--budget <seconds>", "no new candidate after so long").argParser(
    positiveNumber("--budget"),
  );
  const options = [
    backboneOption(),
    batchOption().default(DEFAULT_BATCH),
    new Option("--mode <mode>", "which steps to tune").choices(["train", "inference"]).default("train"),
    budget.default(TUNING_BUDGET_SECONDS),
    new Option("--again", "measure again what is known"),
    new Option("--import <file>", "take over a table that was measured elsewhere").argParser(
      pathText("--import"),
    ),
    new Option("--export <file>", "write this adapter's table to a file").argParser(pathText("--export")),
    jsonOption("a line a measured shape"),
    ...stepOptions(),
  ];
  const command = new Command("tune").description(
    "measure which kernels are fastest for a network on this adapter, and keep the result",
  );
  for (const option of options) command.addOption(option);
  return command.action(runTune);
}

async function runTune(options: TuneOptions): Promise<void> {
  const { backbone } = options;
  if (options.import !== undefined) await importTable(options.import);
  if (backbone) {
    suitableSize(backbone, options);
    requireTraining(options.precision, options.mode, "--mode");
  }
  if (!backbone) refuseStray(options);
  if (!backbone && options.export === undefined) {
    if (options.import !== undefined) return;
    throw new WeftError("expected --backbone <name> to measure, or --import <file> or --export <file>");
  }
  const run = async (engine: Engine) => {
    if (backbone) await measure(engine, backbone, options);
    if (options.export !== undefined) await exportTable(engine, options.export);
  };
  await withEngine(options.adapter, run, options.kernels);
}

/** @throws WeftError naming an option that says what to measure, where nothing is measured. */
function refuseStray({ alpha, size, mode, precision }: TuneOptions): void {
  const given = {
    alpha,
    size,
    mode: mode !== "train" || undefined,
    precision: precision !== "f32" || undefined,
  };
  const stray = Object.entries(given).find(([, value]) => value !== undefined);
  if (stray) throw new WeftError(`--${stray[0]} belongs to --backbone NAME`);
}

async function measure(engine: Engine, backbone: Backbone, options: TuneOptions): Promise<void> {
  const { alpha, batch, budget, again, mode, precision } = options;
  requirePrecision(precision, engine.device);
  const size = suitableSize(backbone, options);
  const network: NetworkConfig = { backbone, alpha, size, heads: REFERENCE_HEADS };
  const type = precision === "f32" ? "" : ` in ${precision} precision`;
  const steps = mode === "train" ? `a training step${type}` : "an inference step";
  sayTitle(`weft tune: ${networkName(network)}, ${size} x ${size} pixels, batch ${batch}, ${steps}`);
  sayField("adapter", adapterLine(engine.description));
  const { place } = await useStoredTuning(engine);
  const layouts = layOut(engine, network, options);
  const result = await tuneLayouts(engine, layouts, { budgetSeconds: budget, ...(again && { again }) });
  sayTuning(result);
  if (result.tuned.length > 0) {
    sayField("table", place);
    if (options.json) for (const node of result.tuned) print(nodeLine(node));
    else print(tuningTable(result.tuned));
  }
  if (result.isStopped) process.exitCode = interruptedExitCode();
}

/** The steps of a training (its validation is an inference step), or an inference step alone. */
function layOut({ device: { facts } }: Engine, network: NetworkConfig, options: TuneOptions) {
  const { batch, mode, precision } = options;
  if (mode === "inference") return [layOutInferenceStep(network, batch, facts).layout];
  const config = {
    ...network,
    batchSize: batch,
    dropout: DROPOUT,
    batchNormMomentum: network.backbone.batchNormMomentum,
    augment: true,
    freezeBackbone: false,
    optimizer: { name: "adam" },
    precision,
  } as const;
  return layOutTraining(config, facts).layouts;
}

function nodeLine({ key, count, choices, isChanged, seconds, gain }: TunedNode): string {
  const ms = (value: number) => Number((1000 * value).toPrecision(4));
  return JSON.stringify({
    key,
    count,
    choices,
    isChanged,
    rulesMs: ms(seconds),
    tunedMs: ms(seconds / gain),
  });
}

/** Adds a file's table to what is stored. @throws WeftError where it does not hold for this weft. */
async function importTable(path: string): Promise<void> {
  const file = parseTuning(await readText(nodeFiles, path), path);
  const { adapter, driver, kernels } = file.origin;
  const here = { ...file.origin, implementation: dawnPackage(), kernels: KERNEL_HASH };
  const reason = whyStale(file.origin, here);
  if (reason !== undefined) throw new WeftError(`${path}: it would not be used: ${reason} (${kernels})`);
  const { place } = await saveTuning(fileTuningStore(), file);
  say(`${counted(file.table.size, "shape")} of ${adapter} (${driver}) added to ${place}`);
}

/** Writes the adapter's table. @throws WeftError where there is none. */
async function exportTable(engine: Engine, path: string): Promise<void> {
  const origin = measuredOn(engine);
  const { table, remark } = await loadTuning(fileTuningStore(), origin);
  if (table.size === 0) {
    const why = remark ?? "measure one with weft tune --backbone <name>";
    throw new WeftError(`--export: there is no table of ${origin.adapter}; ${why}`);
  }
  await nodeFiles.writeFile(path, formatTuning({ origin, table }));
  say(`${counted(table.size, "shape")} of ${origin.adapter} written to ${path}`);
}
