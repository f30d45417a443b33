// Folders of runs in Node: where one can be, how it is made, replaced and locked.

import { lstat, mkdir, readlink, realpath, rename, rmdir, stat, statfs } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { WeftError } from "../../base/errors.ts";
import type { FolderSystem } from "../../base/platform.ts";
import { ELSEWHERE } from "../../base/remedies.ts";
import { takeLock } from "./file_lock.ts";
import { attempt, fileFault, makeFolders, nodeFiles, syncFolder } from "./files.ts";
import { isPartialName, removeLeftoverPartials, withPartial } from "./partials.ts";

/** Earlier versions of weft wrote these beside a run's files. */
const UNNAMED_PARTIALS = /^(config\.json|metrics\.jsonl|weights\.safetensors)\.partial$/;

const codeOf = (thrown: unknown) => (thrown as NodeJS.ErrnoException).code;
const withSlashes = (path: string) => (process.platform === "win32" ? path.replaceAll("\\", "/") : path);

/** The nearest folder on the way to a path that is there. */
async function nearestExisting(path: string): Promise<string> {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    if (await nodeFiles.exists(folder)) return folder;
    const target = await readlink(folder).catch(() => undefined);
    if (target !== undefined) throw danglingFault(withSlashes(folder), target);
    if (folder === dirname(folder)) return folder;
  }
}

function danglingFault(path: string, target: string): WeftError {
  return new WeftError(`${path}: is a symbolic link to ${target}, which is not there`, { remedy: ELSEWHERE });
}

/** Makes a folder in the folder and removes it again: the one sure way to know that something can be written. */
async function requireWritable(folder: string, named: string): Promise<void> {
  try {
    await withPartial(join(folder, "weft"), (partial) => mkdir(partial));
  } catch (thrown) {
    const reason =
      codeOf(thrown) === "ENOENT"
        ? "the system lets nobody make folders there"
        : fileFault(folder, thrown).message.slice(folder.length + 2);
    const where = resolve(named) === folder ? "" : `: ${withSlashes(folder)}`;
    throw new WeftError(`${named}: nothing can be written there${where}: ${reason}`, { remedy: ELSEWHERE });
  }
}

async function placeOf(given: string): Promise<string> {
  const path = given.replace(/(?<=[^\\/:])[\\/]+$/, "");
  const link = await lstat(path).catch((thrown: unknown) => {
    if (codeOf(thrown) === "ENOENT" || codeOf(thrown) === "ENOTDIR") return undefined;
    throw fileFault(path, thrown);
  });
  if (!link) {
    const nearest = await nearestExisting(path);
    if (!(await attempt(nearest, () => stat(nearest))).isDirectory()) {
      throw new WeftError(`${path}: expected a folder, but ${withSlashes(nearest)} is a file`);
    }
    await requireWritable(nearest, path);
    return withSlashes(path);
  }
  const facts = await stat(path).catch(() => undefined);
  if (!facts) throw danglingFault(path, await readlink(path));
  if (!facts.isDirectory()) {
    throw new WeftError(
      `${path}: is ${facts.isFile() ? "a file" : "no folder"}; expected a folder for the run`,
    );
  }
  const isPlain = !link.isSymbolicLink() && ![".", ".."].includes(basename(path));
  const place = isPlain ? path : await attempt(path, () => realpath(path));
  await requireWritable(resolve(place), path);
  return withSlashes(place);
}

/** A folder is replaced by renaming, which takes its parent's permission and one file system. */
async function requireReplaceable(folder: string): Promise<void> {
  const real = await attempt(folder, () => realpath(folder));
  const parent = dirname(real);
  const refuse = (why: string) =>
    new WeftError(`${folder}: cannot be replaced: ${why}`, { remedy: ELSEWHERE });
  const fromHere = relative(real, process.cwd());
  if (fromHere === "" || (!fromHere.startsWith("..") && resolve(real, fromHere) === process.cwd())) {
    throw refuse("it is the current folder, or holds it");
  }
  const [own, above] = await attempt(folder, () => Promise.all([stat(real), stat(parent)]));
  if (parent === real || own.dev !== above.dev)
    throw refuse("it is a mount point; a run in a folder below can be");
  await requireWritable(parent, folder);
}

async function createFolder(path: string): Promise<boolean> {
  await makeFolders(dirname(path));
  try {
    await mkdir(path);
  } catch (thrown) {
    if (codeOf(thrown) === "EEXIST") return false;
    throw thrown;
  }
  return true;
}

async function removeEmptyFolder(path: string): Promise<void> {
  await rmdir(path).catch((thrown: unknown) => {
    if (!["ENOENT", "ENOTEMPTY", "EEXIST", "EBUSY"].includes(codeOf(thrown) ?? "")) throw thrown;
  });
}

async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}

/** Some file systems (of networks, of user space) know no sizes and say 0 blocks. */
async function freeBytes(path: string): Promise<number | undefined> {
  const { blocks, bavail, bsize } = await statfs(await nearestExisting(path));
  return blocks === 0 ? undefined : bavail * bsize;
}

/** The machine's own files and folders. */
export const nodeFolders: FolderSystem = {
  ...nodeFiles,
  placeOf,
  requireReplaceable,
  createFolder: (path) => attempt(path, () => createFolder(path)),
  removeEmptyFolder: (path) => attempt(path, () => removeEmptyFolder(path)),
  rename: (from, to) => attempt(from, () => renameDurably(from, to)),
  freeBytes: (path) => attempt(path, () => freeBytes(path)),
  lock: (path) => takeLock(path),
  removeLeftovers: (folder) => removeLeftoverPartials(folder, UNNAMED_PARTIALS),
  isPartialName: (name) => isPartialName(name) || UNNAMED_PARTIALS.test(name),
};
