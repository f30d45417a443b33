// Writes a run while it is trained. A disk that fails ends no training: what could not be written is kept in
// memory and tried again, and in the end it goes to another folder.

import { WeftError } from "../base/errors.ts";
import { type FolderSystem, joinPath, splitPath } from "../base/platform.ts";
import { ELSEWHERE } from "../base/remedies.ts";
import { byteSize } from "../base/tensors.ts";
import { megabytes } from "../gpu/device.ts";
import type { WeightSpec } from "../nn/layer_scope.ts";
import {
  CONFIG_FILE,
  formatEpochLine,
  formatRunConfig,
  METRICS_FILE,
  type RunConfig,
  runWeightsContent,
  WEIGHTS_FILE,
} from "./run_folder.ts";
import {
  type HeldPlace,
  holdRunPlace,
  type RunPlace,
  randomHex,
  removeRun,
  replaceRun,
} from "./run_folder_place.ts";
import type { EpochReport } from "./trainer.ts";

/** Weights by `layer/weight`, and how far they were trained. */
export interface TrainedWeights {
  readonly values: ReadonlyMap<string, Float32Array>;
  /** `of epoch 3`. */
  readonly stage: string;
}

/** Where the writer of a run reports, and where it saves what does not fit the folder. */
export interface RunWriterOptions {
  /** Told what an earlier run left, and the like. */
  readonly remark: (text: string) => void;
  /** Told what could not be written, and what becomes of it. */
  readonly warn: (text: string) => void;
  /** The folder for runs that cannot be written to their own. */
  readonly rescueFolder: string;
}

/** What became of a run's files. */
export interface KeptRun {
  /** The folder in which the weights are; undefined where there are none. */
  readonly folder: string | undefined;
  /** `of epoch 3`; undefined where there are no weights. */
  readonly stage: string | undefined;
  /** The run, or its end, is not where it was to be. */
  readonly isMisplaced: boolean;
}

/** Beside the weights: configuration, metrics, and the blocks that a file system counts in. */
const OTHER_BYTES = 65_536;

const LATER = "; the training goes on, and the next epoch tries again";

/**
 * Compares what a run will write with the free space. The weights count twice: the new file is written beside
 * the old one.
 * @throws WeftError where the space does not suffice
 */
async function requireSpace(
  files: FolderSystem,
  folder: string,
  weights: readonly WeightSpec[],
): Promise<void> {
  const needed = 2 * weights.reduce((sum, spec) => sum + byteSize(spec), 0) + OTHER_BYTES;
  const free = await files.freeBytes(folder);
  if (free === undefined || free >= needed) return;
  throw new WeftError(
    `${folder}: the run needs ${megabytes(needed)} of disk space (its weights twice: a new file is written before ` +
      `the old one goes), but ${megabytes(free)} are free. Make room there.`,
    { remedy: ELSEWHERE },
  );
}

/** Writes a run's files. */
export class RunWriter {
  private readonly lines: string[] = [];
  /** Lines that are in the file, in whole. */
  private linesWritten = 0;
  /** A line may be there in part: the file is written anew. */
  private isMetricsTorn = false;
  /** The stage of the weights in the folder. */
  private savedStage: string | undefined;
  private unsaved: TrainedWeights | undefined;

  private constructor(
    private readonly files: FolderSystem,
    private readonly place: HeldPlace,
    private readonly config: RunConfig,
    private readonly specs: readonly WeightSpec[],
    private readonly options: RunWriterOptions,
  ) {}

  /**
   * Makes the folder with its configuration.
   * @throws WeftError where another process writes there, or the folder cannot be written
   */
  static async start(
    files: FolderSystem,
    place: RunPlace,
    config: RunConfig,
    specs: readonly WeightSpec[],
    options: RunWriterOptions,
  ): Promise<RunWriter> {
    await requireSpace(files, place.folder, specs);
    const held = await holdRunPlace(files, place, options.remark);
    const writer = new RunWriter(files, held, config, specs, options);
    try {
      await files.writeFile(writer.path(CONFIG_FILE), formatRunConfig(config));
      await files.writeFile(writer.path(METRICS_FILE), "");
    } catch (thrown) {
      await writer.abandon();
      throw thrown;
    }
    return writer;
  }

  /** Where the run is in the end. */
  get folder(): string {
    return this.place.folder;
  }

  /** An earlier run stays there until this one has ended. */
  get replaces(): boolean {
    return this.place.replaces;
  }

  private path(name: string): string {
    return joinPath(this.place.writing, name);
  }

  /** Adds a line to the metrics, now or, where the disk fails, with the next one. */
  async addEpoch(report: EpochReport): Promise<void> {
    this.lines.push(`${formatEpochLine(report)}\n`);
    await this.attempt("the metrics", LATER, () => this.writeMetrics());
  }

  /** Replaces the weights atomically. Where the disk fails they are kept in memory until the next ones come. */
  async writeWeights(weights: TrainedWeights): Promise<void> {
    this.unsaved = weights;
    await this.attempt("the weights", LATER, () => this.saveWeights());
  }

  /** Takes the weights that the end of the run writes. */
  keepWeights(weights: TrainedWeights): void {
    this.unsaved = weights;
  }

  /**
   * Ends the run: what is still missing is written, elsewhere if need be, and a run that is to be replaced is.
   * @param mayReplace false leaves the earlier run where it is
   */
  async finish(mayReplace = true): Promise<KeptRun> {
    const isWhole = await this.complete();
    if (!isWhole) return this.rescue();
    if (this.savedStage === undefined) {
      await this.abandon();
      return { folder: undefined, stage: undefined, isMisplaced: false };
    }
    return this.settle(mayReplace);
  }

  /** Ends a run that has no weights: its files go, an earlier run stays. */
  async abandon(): Promise<void> {
    const { files, place } = this;
    try {
      if (place.isMade) await removeRun(files, place.writing);
      else for (const name of [WEIGHTS_FILE, METRICS_FILE, CONFIG_FILE]) await files.remove(this.path(name));
    } finally {
      this.release();
    }
  }

  private release(): void {
    this.place.locks.writing.release();
    this.place.locks.replaced?.release();
  }

  /** Puts the run in its place. */
  private async settle(mayReplace: boolean): Promise<KeptRun> {
    const { folder, writing, replaces } = this.place;
    const stage = this.savedStage;
    const why = replaces && mayReplace ? await replaceRun(this.files, this.place) : undefined;
    this.release();
    if (why !== undefined) {
      this.options.warn(`the run could not take the place of the earlier one in ${folder}: ${why}`);
      return { folder: writing, stage, isMisplaced: true };
    }
    return { folder: replaces && !mayReplace ? writing : folder, stage, isMisplaced: false };
  }

  /** Tries again what has failed. @returns whether all is in the folder */
  private async complete(): Promise<boolean> {
    const hasWeights =
      this.unsaved === undefined || (await this.attempt("the weights", "", () => this.saveWeights()));
    const hasMetrics = await this.attempt("the metrics", "", () => this.writeMetrics());
    return hasWeights && (hasMetrics || this.savedStage === undefined);
  }

  /** Writes the run to the rescue folder. */
  private async rescue(): Promise<KeptRun> {
    const { files, unsaved, savedStage, place } = this;
    const { folder, writing, replaces } = place;
    const stage = unsaved?.stage ?? savedStage;
    try {
      const refuge = await this.drawRefuge();
      await files.writeFile(joinPath(refuge, CONFIG_FILE), formatRunConfig(this.config));
      await files.writeFile(joinPath(refuge, METRICS_FILE), this.lines.join(""));
      if (unsaved)
        await files.writeFile(joinPath(refuge, WEIGHTS_FILE), runWeightsContent(this.specs, unsaved.values));
      else
        await files.writeFile(joinPath(refuge, WEIGHTS_FILE), await files.readFile(this.path(WEIGHTS_FILE)));
      this.options.warn(`the run could not be completed in ${folder}; it is in ${refuge}`);
      if (savedStage === undefined)
        await this.abandon().catch(() => undefined); // the disk's next fault
      else this.release();
      return { folder: refuge, stage, isMisplaced: true };
    } catch (thrown) {
      if (!(thrown instanceof WeftError)) throw thrown;
      this.release();
      this.options.warn(`nor could it be written elsewhere: ${thrown.problem}`);
      if (savedStage === undefined) return { folder: undefined, stage: undefined, isMisplaced: true };
      return { folder: replaces ? writing : folder, stage: savedStage, isMisplaced: true };
    }
  }

  /** Makes a folder in the rescue folder, named like the run's. */
  private async drawRefuge(): Promise<string> {
    const [, name] = splitPath(this.place.folder);
    for (let path = joinPath(this.options.rescueFolder, name); ; ) {
      if (await this.files.createFolder(path)) return path;
      path = joinPath(this.options.rescueFolder, `${name}-${randomHex(2)}`);
    }
  }

  private async saveWeights(): Promise<void> {
    const { unsaved } = this;
    if (!unsaved) return;
    await this.files.writeFile(this.path(WEIGHTS_FILE), runWeightsContent(this.specs, unsaved.values));
    this.savedStage = unsaved.stage;
    this.unsaved = undefined;
  }

  private async writeMetrics(): Promise<void> {
    const missing = this.lines.slice(this.linesWritten).join("");
    if (missing === "") return;
    if (this.isMetricsTorn) {
      await this.files.writeFile(this.path(METRICS_FILE), this.lines.join(""));
      this.isMetricsTorn = false;
    } else {
      this.isMetricsTorn = true;
      await this.files.appendFile(this.path(METRICS_FILE), missing);
      this.isMetricsTorn = false;
    }
    this.linesWritten = this.lines.length;
  }

  /** Runs work on the disk. @returns false, and says so, where the disk is at fault */
  private async attempt(what: string, then: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (thrown) {
      if (!(thrown instanceof WeftError)) throw thrown;
      this.options.warn(`${what} could not be saved: ${thrown.problem}${then}`);
      return false;
    }
  }
}
