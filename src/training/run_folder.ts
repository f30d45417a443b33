// The folder of a run: `config.json` (all that rebuilds the network and the training), `metrics.jsonl`
// (a line an epoch) and `weights.safetensors`. No file holds a date: the same run writes the same bytes,
// except for the seconds in the metrics.

import { WeftError } from "../base/errors.ts";
import { type FileSystem, joinPath, readJson, splitPath } from "../base/platform.ts";
import { VERSION } from "../base/version.ts";
import { float32Tensor, safetensorsPieces } from "../formats/safetensors.ts";
import type { Choices } from "../gpu/device.ts";
import { MAX_SIZE } from "../models/backbone.ts";
import { BACKBONES } from "../models/backbones.ts";
import type { CountedHead } from "../models/heads.ts";
import type { WeightSpec } from "../nn/layer_scope.ts";
import type { OptimizerConfig } from "../nn/optimizers.ts";
import { type NetworkConfig, networkName, networkWeights, suitedTo } from "./network.ts";
import type { RecordedSettings } from "./recipe/schema.ts";
import type { EpochReport } from "./trainer.ts";
import { loadExactWeights } from "./weights_file.ts";

export const CONFIG_FILE = "config.json";
export const METRICS_FILE = "metrics.jsonl";
export const WEIGHTS_FILE = "weights.safetensors";

const FORMAT = "weft run";
const FORMAT_VERSION = 1;

/** Settings that runs of every version record; a later one's are absent in runs of earlier versions. */
type EarliestSettings =
  | "augment"
  | "batchNormMomentum"
  | "batchSize"
  | "dropout"
  | "freeze"
  | "limit"
  | "phases"
  | "seed"
  | "weights";

/** How a run was trained; for people and for resuming, prediction needs none of it. */
export interface TrainingRecord
  extends Pick<RecordedSettings, EarliestSettings>,
    Partial<Omit<RecordedSettings, EarliestSettings>> {
  /** The data folder as it was given; empty where the data set was none of files. */
  readonly data: string;
  readonly trainingImages: number;
  readonly validationImages: number;
  readonly optimizer: OptimizerConfig;
  /** Kernels that were chosen by measurement and differ from the rules: another choice, another order of sums. */
  readonly kernels?: Readonly<Record<string, Choices>>;
}

/** What `config.json` holds. */
export interface RunConfig {
  readonly network: NetworkConfig;
  /** Heads with their rows in label.csv, which weight the mean accuracy. */
  readonly heads: readonly CountedHead[];
  readonly training: TrainingRecord;
}

/** Text of `config.json`. */
export function formatRunConfig({ network, heads, training }: RunConfig): string {
  const { backbone, alpha, size } = network;
  const content = {
    format: FORMAT,
    version: FORMAT_VERSION,
    weft: VERSION,
    backbone: backbone.name,
    alpha: alpha ?? null,
    size,
    preprocessing: backbone.preprocessing,
    heads: heads.map(({ name, classes, rows, seenClasses }) => ({ name, classes, rows, seenClasses })),
    training,
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

const METRIC_DIGITS = 7;

/** A line of `metrics.jsonl` without its line feed, and what a training prints as JSON. */
export function formatEpochLine(report: EpochReport): string {
  return JSON.stringify(report, (_, value: unknown) => {
    return typeof value === "number" ? Number(value.toPrecision(METRIC_DIGITS)) : value;
  });
}

/** Content of `weights.safetensors`. */
export function runWeightsContent(
  specs: readonly WeightSpec[],
  values: ReadonlyMap<string, Float32Array>,
): Uint8Array[] {
  const tensors = specs.map(({ name, shape }) => {
    const data = values.get(name);
    if (!data) throw new Error(`the run has no values of ${name}`);
    return [name, float32Tensor(data, shape)] as const;
  });
  return safetensorsPieces(tensors, { format: FORMAT, version: String(FORMAT_VERSION) });
}

/** Writes a network as a run folder, which `readRun` and the command line read. */
export async function writeRun(
  files: FileSystem,
  folder: string,
  config: RunConfig,
  values: ReadonlyMap<string, Float32Array>,
): Promise<void> {
  const { backbone, heads } = networkWeights(config.network);
  await files.writeFile(joinPath(folder, WEIGHTS_FILE), runWeightsContent([...backbone, ...heads], values));
  await files.writeFile(joinPath(folder, CONFIG_FILE), formatRunConfig(config));
}

/** A run that was read back. */
export interface SavedRun extends RunConfig {
  readonly folder: string;
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/**
 * Reads the configuration of a run folder.
 * @throws WeftError where it is none, comes from a newer weft, or is damaged.
 */
export async function readRunConfig(files: FileSystem, folder: string): Promise<RunConfig> {
  if (!(await files.exists(folder))) {
    const [beside] = await foldersBeside(files, folder);
    throw new WeftError(
      beside === undefined
        ? `${folder}: no such folder; expected the output folder of a training`
        : `${folder}: no such folder, but ${beside.path} holds a run whose way to this place was cut off; rename it`,
    );
  }
  const path = joinPath(folder, CONFIG_FILE);
  if (!(await files.exists(path))) {
    throw new WeftError(`${folder}: not a run folder: it has no ${CONFIG_FILE}`);
  }
  return parseRunConfig(await readJson(files, path), path);
}

/**
 * Reads a run folder.
 * @throws WeftError where it is none, has no weights yet, comes from a newer weft, or is damaged.
 */
export async function readRun(files: FileSystem, folder: string): Promise<SavedRun> {
  for (;;) {
    const before = await readRunConfig(files, folder);
    const run = await readWeights(files, folder, before);
    // Another run may have taken the folder's place between the two files.
    const after = await readRunConfig(files, folder);
    if (formatRunConfig(after) === formatRunConfig(before)) return run;
  }
}

async function readWeights(files: FileSystem, folder: string, config: RunConfig): Promise<SavedRun> {
  const weightsPath = joinPath(folder, WEIGHTS_FILE);
  if (!(await files.exists(weightsPath))) {
    throw new WeftError(`${weightsPath}: no such file; the training ended before its first epoch did`);
  }
  const { backbone, heads } = networkWeights(config.network);
  const wanted = [...backbone, ...heads];
  const weights = await loadExactWeights(files, weightsPath, wanted, networkName(config.network));
  return { ...config, network: suitedTo(config.network, weights), folder, weights };
}

/** Whether a file is the configuration of a run, of whatever version. */
export async function isRunConfig(files: FileSystem, path: string): Promise<boolean> {
  try {
    return recordOf(await readJson(files, path))?.format === FORMAT;
  } catch (thrown) {
    if (thrown instanceof WeftError) return false;
    throw thrown;
  }
}

/** A folder beside a run's: `FOLDER.new-1a2b3c4d` is to replace it, `FOLDER.old-1a2b3c4d` was replaced. */
export interface FolderBeside {
  readonly path: string;
  readonly kind: string;
  readonly unique: string;
}

/** Folders beside a run's that a replacement has left, or that it uses now. */
export async function foldersBeside(
  files: Pick<FileSystem, "exists" | "list">,
  folder: string,
): Promise<FolderBeside[]> {
  const [parent, base] = splitPath(folder);
  if (!(await files.exists(parent))) return [];
  return (await files.list(parent)).flatMap((name) => {
    const [, kind = "", unique = ""] = /^\.(new|old)-([0-9a-f]{8})$/.exec(name.slice(base.length)) ?? [];
    if (!name.startsWith(base) || kind === "") return [];
    return [{ path: parent === "." ? name : joinPath(parent, name), kind, unique }];
  });
}

/**
 * Reads `config.json`.
 * @param path named in faults
 * @throws WeftError where a field is missing or of another type
 */
function parseRunConfig(json: unknown, path: string): RunConfig {
  const wrong = (what: string) => new WeftError(`${path}: ${what}`);
  const fields = recordOf(json);
  if (fields?.format !== FORMAT) throw wrong(`not the configuration of a run: no "format": "${FORMAT}"`);
  const { version, alpha, size, heads, training } = fields;
  if (!isCount(version)) throw wrong("the run's version is missing");
  if (version > FORMAT_VERSION) {
    throw wrong(
      `written by a newer weft: run version ${version}, this one reads up to ${FORMAT_VERSION}. Update weft.`,
    );
  }
  if (typeof fields.backbone !== "string") throw wrong("backbone expects a name");
  if (!isCount(size)) throw wrong(`size expects a whole number, found ${JSON.stringify(size)}`);
  if (alpha !== null && !(typeof alpha === "number" && alpha > 0)) {
    throw wrong(`alpha expects a number above 0 or null, found ${JSON.stringify(alpha)}`);
  }
  if (!Array.isArray(heads) || heads.length === 0 || !heads.every(isHead)) {
    throw wrong(
      "heads expects a list of {name, classes, rows, seenClasses}, names not empty, no number below 0",
    );
  }
  if (new Set(heads.map(({ name }) => name)).size < heads.length) throw wrong("two heads have the same name");
  const record = recordOf(training);
  if (!isTrainingRecord(record)) throw wrong("training is missing or incomplete");
  const backbone = BACKBONES.get(fields.backbone);
  if (!backbone)
    throw wrong(`unknown backbone ${fields.backbone}; weft has ${[...BACKBONES.keys()].join(", ")}`);
  if (size < backbone.minSize || size > MAX_SIZE) {
    throw wrong(`size expects ${backbone.minSize} to ${MAX_SIZE} pixels, found ${size}`);
  }
  if (alpha !== null && !backbone.hasAlpha) throw wrong(`${backbone.name} has no alpha, found ${alpha}`);
  if (fields.preprocessing !== undefined && fields.preprocessing !== backbone.preprocessing) {
    const [expected, found] = [backbone.preprocessing, fields.preprocessing].map((it) => JSON.stringify(it));
    throw wrong(`preprocessing of ${backbone.name} is ${expected}, found ${found}`);
  }
  return { network: { backbone, alpha: alpha ?? undefined, size, heads }, heads, training: record };
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value));
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

function isNumberFrom0(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isHead(value: unknown): value is CountedHead {
  const head = recordOf(value);
  if (typeof head?.name !== "string" || head.name === "" || !isCount(head.classes)) return false;
  const { classes, rows, seenClasses } = head;
  const isSeen = seenClasses === undefined || (isNumberFrom0(seenClasses) && seenClasses <= classes);
  return isSeen && isNumberFrom0(rows);
}

function isTrainingRecord(value: object | undefined): value is TrainingRecord {
  const record = recordOf(value);
  return isCount(record?.batchSize) && typeof record?.seed === "number" && typeof record.phases === "string";
}
