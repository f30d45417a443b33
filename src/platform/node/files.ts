// Files in Node: atomic writes, and faults as one line that begins with the path.

import {
  appendFile,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf, WeftError } from "../../base/errors.ts";
import type { FileContent, FileFacts, FileSystem } from "../../base/platform.ts";
import { removeLeftoverPartials, withPartial } from "./partials.ts";
import { streamedHash } from "./streamed_hash.ts";

const REASONS: Record<string, string> = {
  ENOENT: "no such file or folder",
  EISDIR: "is a folder; expected a file",
  ENOTDIR: "a part of this path is a file; expected a folder",
  EEXIST: "there is a file of this name; expected a folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
  EDQUOT: "the quota of disk space is used up",
  EFBIG: "the file is larger than the file system allows",
  ENAMETOOLONG: "the name is too long",
  EBUSY: "in use, or a mount point",
  EXDEV: "lies on another file system",
  ENOTEMPTY: "the folder is not empty",
  EMFILE: "too many open files",
  ELOOP: "a link that leads back to itself",
};

/** Turns what node:fs threw into one line that names the path. */
export function fileFault(path: string, thrown: unknown): WeftError {
  if (thrown instanceof WeftError) return thrown;
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  return new WeftError(`${path}: ${REASONS[code] ?? messageOf(thrown).replaceAll("\n", " ")}`, {
    cause: thrown,
  });
}

/** Runs file work whose faults become one line that names the path. */
export async function attempt<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (thrown) {
    throw fileFault(path, thrown);
  }
}

async function writePieces(file: FileHandle, content: FileContent): Promise<void> {
  const pieces = typeof content === "string" || content instanceof Uint8Array ? [content] : content;
  for (const piece of pieces) await file.writeFile(piece);
  await file.sync();
}

/** Makes a rename in the folder durable. Windows cannot open folders and needs no such step. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code !== "EISDIR" && code !== "EPERM" && code !== "EACCES" && code !== "EINVAL") throw thrown;
  }
}

/**
 * Makes a folder and those above it. Not by Node's recursive mkdir, which never returns where a file system
 * says that a folder exists and then that it does not (/proc).
 * @param mode of the folder itself, where it is made
 */
export async function makeFolders(path: string, mode?: number): Promise<void> {
  try {
    await makeFolder(path, mode);
  } catch (thrown) {
    const parent = dirname(path);
    if ((thrown as NodeJS.ErrnoException).code !== "ENOENT" || parent === path) throw thrown;
    await makeFolders(parent);
    await makeFolder(path, mode);
  }
}

/** Makes a folder, unless it is there: another process may be making the same ones. */
async function makeFolder(path: string, mode: number | undefined): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (thrown) {
    const isThere = (thrown as NodeJS.ErrnoException).code === "EEXIST" && (await stat(path)).isDirectory();
    if (!isThere) throw thrown;
  }
}

/** Folders whose leftovers this process has removed. */
const tidied = new Set<string>();

/** Where a write goes: through symbolic links; `isSpecial` for devices and pipes, which nothing may replace. */
async function targetOf(path: string): Promise<{ target: string; isSpecial: boolean }> {
  const link = await found(() => lstat(path));
  if (!link) return { target: path, isSpecial: false };
  const facts = await found(() => stat(path));
  if (!facts)
    throw new WeftError(`${path}: is a symbolic link to ${await readlink(path)}, which is not there`);
  const target = link.isSymbolicLink() ? await realpath(path) : path;
  return { target, isSpecial: !facts.isFile() && !facts.isDirectory() };
}

/** Writes beside the target, syncs, renames over it, syncs the folder. */
async function writeAtomically(given: string, content: FileContent): Promise<void> {
  const { target: path, isSpecial } = await targetOf(given);
  if (isSpecial) {
    await writeFile(
      path,
      typeof content === "string" || content instanceof Uint8Array ? content : [...content],
    );
    return;
  }
  const folder = dirname(path);
  await makeFolders(folder);
  if (!tidied.has(folder)) {
    tidied.add(folder);
    await removeLeftoverPartials(folder);
  }
  await withPartial(path, async (partial) => {
    const file = await open(partial, "wx");
    try {
      await writePieces(file, content);
    } finally {
      await file.close();
    }
    await rename(partial, path);
  });
  await syncFolder(folder);
}

/** What `action` finds, or undefined if there is no such file. */
async function found<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw thrown;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await found(() => stat(path))) !== undefined;
}

const NANOSECONDS_PER_MS = 1e6;

/** Whole inode numbers: those of some file systems exceed 2^53. */
async function facts(path: string): Promise<FileFacts | undefined> {
  const stats = await found(() => stat(path, { bigint: true }));
  if (!stats) return undefined;
  return {
    bytes: Number(stats.size),
    modifiedMs: Number(stats.mtimeNs) / NANOSECONDS_PER_MS,
    isRegularFile: stats.isFile(),
    device: stats.dev,
    inode: stats.ino,
  };
}

async function readPart(path: string, start: number, bytes: number): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const part = new Uint8Array(bytes);
    let filled = 0;
    while (filled < bytes) {
      const { bytesRead } = await file.read(part, filled, bytes - filled, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return part.subarray(0, filled);
  } finally {
    await file.close();
  }
}

/** The machine's own files. */
export const nodeFiles: FileSystem = {
  readFile: (path) =>
    attempt(path, async () => {
      const { buffer, byteOffset, byteLength } = await readFile(path);
      return new Uint8Array(buffer, byteOffset, byteLength);
    }),
  writeFile: (path, content) => attempt(path, () => writeAtomically(path, content)),
  appendFile: (path, text) => attempt(path, () => appendFile(path, text)),
  exists: (path) => attempt(path, () => exists(path)),
  readPart: (path, start, bytes) => attempt(path, () => readPart(path, start, bytes)),
  sha256: (path) => attempt(path, () => streamedHash(path, "sha256")),
  facts: (path) => attempt(path, () => facts(path)),
  list: (folder) => attempt(folder, async () => (await readdir(folder)).sort()),
  makeFolder: (path) => attempt(path, () => makeFolders(path)),
  remove: (path) => attempt(path, () => rm(path, { recursive: true, force: true })),
};
