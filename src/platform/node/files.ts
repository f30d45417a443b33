// Files in Node: atomic writes, and faults as one line that begins with the path.

import { rmSync } from "node:fs";
import {
  appendFile,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf, WeftError } from "../../base/errors.ts";
import type { FileContent, FileFacts, FileSystem } from "../../base/platform.ts";
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
  EMFILE: "too many open files",
};

/** Turns what node:fs threw into one line that names the path. */
export function fileFault(path: string, thrown: unknown): WeftError {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  return new WeftError(`${path}: ${REASONS[code] ?? messageOf(thrown).replaceAll("\n", " ")}`, {
    cause: thrown,
  });
}

async function attempt<T>(path: string, action: () => Promise<T>): Promise<T> {
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
async function syncFolder(folder: string): Promise<void> {
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
 */
async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    const parent = dirname(path);
    if (code !== "ENOENT" || parent === path || (await exists(parent))) throw thrown;
    await makeFolders(parent);
    await mkdir(path);
  }
}

/** Files that are being written; an interrupted process takes them along. */
const partials = new Set<string>();
process.on("exit", () => {
  for (const partial of partials) rmSync(partial, { force: true });
});

/** Writes beside the target, syncs, renames over it, syncs the folder. */
async function writeAtomically(path: string, content: FileContent): Promise<void> {
  const folder = dirname(path);
  await makeFolders(folder);
  const partial = `${path}.partial`;
  partials.add(partial);
  try {
    const file = await open(partial, "w");
    try {
      await writePieces(file, content);
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (thrown) {
    await rm(partial, { force: true });
    throw thrown;
  } finally {
    partials.delete(partial);
  }
  await syncFolder(folder);
}

/** What `action` finds, or undefined where there is no such file. */
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
