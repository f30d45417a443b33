// Where a run goes. A folder that is not empty is refused; with `overwrite` a new run is written beside an
// earlier one and takes its place at the end:
//
//   FOLDER, FOLDER.new-1a2b3c4d  →  FOLDER.old-1a2b3c4d, FOLDER.new-1a2b3c4d  →  FOLDER.old-1a2b3c4d, FOLDER  →  FOLDER
//
// A crash at any instant leaves a whole run under one of these names; the next start in FOLDER goes on from there.

import { WeftError } from "../base/errors.ts";
import { type FolderSystem, type HeldLock, joinPath, type LockHolder } from "../base/platform.ts";
import { ELSEWHERE } from "../base/remedies.ts";
import { CONFIG_FILE, foldersBeside, isRunConfig, METRICS_FILE, WEIGHTS_FILE } from "./run_folder.ts";

export const LOCK_FILE = "run.lock";
const RUN_FILES = [CONFIG_FILE, METRICS_FILE, WEIGHTS_FILE];
const RUNS_FOLDER = "runs";
const UNIQUE_BYTES = 4;
/** Of a default name, which has a date before it. */
const SHORT_UNIQUE_BYTES = 2;

/** What a run's place is chosen by. */
export interface PlaceOptions {
  /** The folder as it was given; a new folder below `runs` by default. */
  readonly out?: string | undefined;
  readonly overwrite?: boolean | undefined;
  readonly date: Date;
  /** Told what was found of an earlier run that was cut off. */
  readonly remark: (text: string) => void;
}

/** A folder that a run may be written to. */
export interface RunPlace {
  readonly folder: string;
  /** Nobody has chosen the name: where it is taken, another one does. */
  readonly isDrawn: boolean;
  readonly overwrite: boolean;
}

/** A place that this process holds. */
export interface HeldPlace {
  readonly folder: string;
  /** Where the files go: the folder itself, or one beside it. */
  readonly writing: string;
  /** A run stays in `folder` until the new one takes its place. */
  readonly replaces: boolean;
  /** The folder `writing` was made for the run. */
  readonly isMade: boolean;
  readonly locks: { readonly writing: HeldLock; readonly replaced?: HeldLock };
}

/** What is in a folder: nothing, what a start left that was killed before its first weights, or a run. */
type FolderContent = "nothing" | "leftovers" | "run" | { readonly foreign: string };

/**
 * Looks where a run can go. Writes nothing, except that it completes a replacement that was cut off.
 * @throws WeftError where the folder is not empty and may not be replaced, or cannot be written
 */
export async function findRunPlace(files: FolderSystem, options: PlaceOptions): Promise<RunPlace> {
  const { out, overwrite = false, date, remark } = options;
  if (out === undefined) {
    const folder = joinPath(RUNS_FOLDER, timeName(date));
    await files.placeOf(folder);
    return { folder, isDrawn: true, overwrite: false };
  }
  const folder = await files.placeOf(out);
  await completeReplacement(files, folder, remark);
  const content = await contentOf(files, folder);
  requireUsable(folder, content, overwrite);
  if (content === "run") await files.requireReplaceable(folder);
  return { folder, isDrawn: false, overwrite };
}

/**
 * Makes and locks the folder.
 * @throws WeftError where another process writes there, or somebody has put files there meanwhile
 */
export async function holdRunPlace(
  files: FolderSystem,
  place: RunPlace,
  remark: PlaceOptions["remark"],
): Promise<HeldPlace> {
  const folder = place.isDrawn ? await drawFolder(files, place.folder) : place.folder;
  const isMade = (await files.createFolder(folder)) || place.isDrawn;
  const lock = await holdLock(files, folder, remark);
  try {
    await files.removeLeftovers(folder);
    const content = await contentOf(files, folder);
    requireUsable(folder, content, place.overwrite);
    if (content !== "run") {
      await removeRunFiles(files, folder);
      return { folder, writing: folder, replaces: false, isMade, locks: { writing: lock } };
    }
    await files.requireReplaceable(folder);
    const writing = await drawBeside(files, folder);
    const locks = { writing: await holdLock(files, writing, remark), replaced: lock };
    return { folder, writing, replaces: true, isMade: true, locks };
  } catch (thrown) {
    lock.release();
    if (isMade) await files.removeEmptyFolder(folder);
    throw thrown;
  }
}

/**
 * Puts a new run in the place of the earlier one, and removes that.
 * @returns why it stays beside it; undefined where it took the place
 */
export async function replaceRun(
  files: FolderSystem,
  { folder, writing, locks }: HeldPlace,
): Promise<string | undefined> {
  const aside = writing.replace(/\.new-(?=[0-9a-f]+$)/, ".old-");
  try {
    requireUsable(folder, await contentOf(files, folder), true);
    await files.rename(folder, aside);
  } catch (thrown) {
    if (thrown instanceof WeftError) return thrown.problem;
    throw thrown;
  }
  locks.replaced?.movedTo(joinPath(aside, LOCK_FILE));
  try {
    await files.rename(writing, folder);
  } catch (thrown) {
    if (!(thrown instanceof WeftError)) throw thrown;
    await files.rename(aside, folder);
    locks.replaced?.movedTo(joinPath(folder, LOCK_FILE));
    return thrown.problem;
  }
  locks.writing.movedTo(joinPath(folder, LOCK_FILE));
  await removeRun(files, aside).catch(() => undefined); // the next start does
  return undefined;
}

/** Removes a run's own files, and the folder where nothing else is in it. */
export async function removeRun(files: FolderSystem, folder: string): Promise<void> {
  await removeRunFiles(files, folder);
  await files.remove(joinPath(folder, LOCK_FILE));
  await files.removeEmptyFolder(folder);
}

/** Removes files of a run, but no lock. The configuration goes last: what has one is known as a run. */
async function removeRunFiles(files: FolderSystem, folder: string): Promise<void> {
  for (const name of [...RUN_FILES].reverse()) await files.remove(joinPath(folder, name));
}

function requireUsable(folder: string, content: FolderContent, overwrite: boolean): void {
  if (typeof content === "object") {
    throw new WeftError(
      overwrite
        ? `${folder}: nothing but a run of weft is replaced, and this folder holds ${content.foreign}`
        : `${folder} is not empty (it holds ${content.foreign})`,
      { remedy: ELSEWHERE },
    );
  }
  if (content !== "run" || overwrite) return;
  throw new WeftError(`${folder} is not empty`, {
    remedy: [...ELSEWHERE, { kind: "set", option: "overwrite", purpose: "to replace the run in it" }],
  });
}

/** Looks into a folder that may not be there. */
async function contentOf(files: FolderSystem, folder: string): Promise<FolderContent> {
  if (!(await files.exists(folder))) return "nothing";
  const names = (await files.list(folder)).filter((name) => !files.isPartialName(name) && !isLockName(name));
  if (names.length === 0) return "nothing";
  const sizes = new Map<string, number>();
  for (const name of names) {
    const facts = await files.facts(joinPath(folder, name));
    if (!RUN_FILES.includes(name)) return { foreign: `${name}, which is no file of a run` };
    if (facts && !facts.isRegularFile) return { foreign: `${name}, which is no file` };
    sizes.set(name, facts?.bytes ?? 0);
  }
  if (sizes.has(CONFIG_FILE) && !(await isRunConfig(files, joinPath(folder, CONFIG_FILE)))) {
    return { foreign: `a ${CONFIG_FILE} that weft did not write` };
  }
  const isEmpty = !sizes.has(WEIGHTS_FILE) && (sizes.get(METRICS_FILE) ?? 0) === 0;
  if (isEmpty) return "leftovers";
  return sizes.has(CONFIG_FILE)
    ? "run"
    : { foreign: `${[...sizes.keys()].join(" and ")} without a ${CONFIG_FILE}` };
}

/** The lock itself, and those under which it is taken over. */
const isLockName = (name: string) => name === LOCK_FILE || name.startsWith(`${LOCK_FILE}.`);

async function holdLock(
  files: FolderSystem,
  folder: string,
  remark: PlaceOptions["remark"],
): Promise<HeldLock> {
  const path = joinPath(folder, LOCK_FILE);
  const lock = await files.lock(path);
  if (!isHeld(lock)) throw lockedFault(folder, path, lock);
  if (lock.takenFrom !== undefined) remark(`${folder}: took over from ${lock.takenFrom}, which is gone`);
  return lock;
}

const isHeld = (lock: HeldLock | LockHolder): lock is HeldLock => "release" in lock;

function lockedFault(
  folder: string,
  path: string,
  { name, isElsewhere, silentSeconds }: LockHolder,
): WeftError {
  return new WeftError(
    isElsewhere
      ? `${folder}: ${name} writes a run here, and its last sign of life is ${silentSeconds} s old. ` +
          `If that run is over, delete ${path}.`
      : `${folder}: ${name} is writing a run here; wait for its end`,
    { remedy: ELSEWHERE },
  );
}

/**
 * Goes on with replacements that a crash cut off.
 * @throws WeftError where a process that still runs is at it
 */
async function completeReplacement(
  files: FolderSystem,
  folder: string,
  remark: PlaceOptions["remark"],
): Promise<void> {
  const beside = await foldersBeside(files, folder);
  for (const { path, unique } of beside.filter(({ kind }) => kind === "old")) {
    const lockPath = joinPath(path, LOCK_FILE);
    const lock = await files.lock(lockPath);
    if (!isHeld(lock)) throw lockedFault(folder, lockPath, lock);
    const fresh = beside.find((other) => other.kind === "new" && other.unique === unique)?.path;
    if (!(await files.exists(folder))) {
      remark(`${folder}: the replacement of this run was cut off; it is completed now`);
      await files.rename(fresh ?? path, folder);
      if (fresh === undefined) lock.movedTo(joinPath(folder, LOCK_FILE));
    }
    lock.release();
    if (fresh === undefined || !(await files.exists(fresh))) await removeRun(files, path);
  }
  for (const { path } of await foldersBeside(files, folder)) {
    const lock = await files.lock(joinPath(path, LOCK_FILE));
    if (!isHeld(lock)) continue;
    lock.release();
    const content = await contentOf(files, path);
    if (content === "leftovers" || content === "nothing") await removeRun(files, path);
    else remark(`${path} holds a run that did not come to replace ${folder}; it stays there`);
  }
}

/** Makes a folder beside, of a name that nobody has. */
async function drawBeside(files: FolderSystem, folder: string): Promise<string> {
  for (;;) {
    const path = `${folder}.new-${randomHex(UNIQUE_BYTES)}`;
    if (await files.createFolder(path)) return path;
  }
}

/** Makes the folder of a drawn name; where another process was first, one of another name. */
async function drawFolder(files: FolderSystem, stem: string): Promise<string> {
  for (;;) {
    const path = `${stem}-${randomHex(SHORT_UNIQUE_BYTES)}`;
    if (await files.createFolder(path)) return path;
  }
}

export function randomHex(bytes: number): string {
  return [...crypto.getRandomValues(new Uint8Array(bytes))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/** `2025-11-23_16-04-05`, local time. */
function timeName(date: Date): string {
  const pad = (part: number) => String(part).padStart(2, "0");
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(pad).join("-");
  return `${day}_${[date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join("-")}`;
}
