// What weft needs from the machine it runs on, passed in from outside: files here, images in src/data/images.ts.
// src/platform/ has one implementation for Node and one for browsers.

import { WeftError } from "./errors.ts";

/** The content of a file: text is written as UTF-8, a list of pieces in order. */
export type FileContent = string | Uint8Array | readonly Uint8Array[];

/** What the file system knows of a file or folder without opening it; links are followed. */
export interface FileFacts {
  readonly bytes: number;
  /** When its content last changed, in milliseconds since 1970. */
  readonly modifiedMs: number;
  /** Neither a folder nor a pipe, socket or device. */
  readonly isRegularFile: boolean;
  /** Device and inode together are the same for two names of one file. The inode is 0 if there is none. */
  readonly device: bigint;
  readonly inode: bigint;
}

/**
 * Files and folders. Paths use `/` on every system. Every fault is a `WeftError` that begins with the
 * path: `runs/a/config.json: no such file`.
 */
export interface FileSystem {
  /** The whole file. */
  readFile(path: string): Promise<Uint8Array>;
  /**
   * Writes the file so that a crash at any instant leaves either the old content or the new one. Creates the folder if
   * it is missing.
   */
  writeFile(path: string, content: FileContent): Promise<void>;
  /** Appends text to the file, which it creates if it is missing. */
  appendFile(path: string, text: string): Promise<void>;
  /** Whether a file or folder of this name exists. */
  exists(path: string): Promise<boolean>;
  /** `bytes` bytes of the file from `start` on; fewer if it ends before. */
  readPart(path: string, start: number, bytes: number): Promise<Uint8Array>;
  /** SHA-256 of the file's content in hexadecimal digits; the file is not held in memory. */
  sha256(path: string): Promise<string>;
  /** Facts about the file or folder of this name, or undefined if there is none. */
  facts(path: string): Promise<FileFacts | undefined>;
  /** The names (not paths) in a folder, sorted by code unit. */
  list(folder: string): Promise<string[]>;
  /** Creates the folder and its parents; does nothing if it exists. */
  makeFolder(path: string): Promise<void>;
  /** Removes a file, or a folder with its contents; does nothing if there is none. */
  remove(path: string): Promise<void>;
}

/** The holder of a lock that cannot be taken. */
export interface LockHolder {
  /** `process 123 on HOST`. */
  readonly name: string;
  /** On another host or in another container: whether it still runs cannot be seen from here. */
  readonly isElsewhere: boolean;
  /** Time since the holder last touched the lock. */
  readonly silentSeconds: number;
}

/** A lock that this process holds until it releases it or ends. */
export interface HeldLock {
  /** The former holder, which has ended. */
  readonly takenFrom?: string | undefined;
  /** Says that the folder of the lock file was renamed. */
  movedTo(path: string): void;
  release(): void;
}

/** What the folders of runs need in addition to reading and writing. Faults are as those of `FileSystem`. */
export interface FolderSystem extends FileSystem {
  /**
   * The folder as later calls name it: the path as it was given, without trailing slashes and links.
   * @throws WeftError if there is anything but a folder, or if nothing can be written
   */
  placeOf(path: string): Promise<string>;
  /** @throws WeftError if another folder cannot take the place of this one */
  requireReplaceable(folder: string): Promise<void>;
  /** Creates one folder and its parents. @returns false if it exists already */
  createFolder(path: string): Promise<boolean>;
  /** Removes the folder if it is empty. */
  removeEmptyFolder(path: string): Promise<void>;
  /** Renames a file or folder, durably; nothing exists under the new name. */
  rename(from: string, to: string): Promise<void>;
  /** Bytes that can still be written below the path, or undefined if that is unknown. */
  freeBytes(path: string): Promise<number | undefined>;
  /** Takes a lock file; also takes over the lock of a process that has ended. */
  lock(path: string): Promise<HeldLock | LockHolder>;
  /** Removes what processes that have ended were writing in the folder. */
  removeLeftovers(folder: string): Promise<void>;
  /** Whether a name is one that this system gives to unfinished files. */
  isPartialName(name: string): boolean;
}

/** Decoded and parsed text takes several times its size in memory. */
const LARGEST_TEXT_BYTES = 128 * 2 ** 20;

/**
 * Reads a regular file. A user may have named anything: reading a pipe may block forever, and a device has no end.
 * @throws WeftError where it is no regular file, or has more bytes than such a file can have
 */
export async function readRegularFile(
  files: FileSystem,
  path: string,
  largestBytes = LARGEST_TEXT_BYTES,
): Promise<Uint8Array> {
  const facts = await files.facts(path);
  if (facts && !facts.isRegularFile)
    throw new WeftError(`${path}: is a folder, a pipe or a device; expected a file`);
  if (facts && facts.bytes > largestBytes) {
    const [size, most] = [facts.bytes, largestBytes].map((bytes) => `${Math.round(bytes / 1e6)} MB`);
    throw new WeftError(`${path}: has ${size}; expected at most ${most}. Is it the right file?`);
  }
  return files.readFile(path);
}

/**
 * Reads a UTF-8 text file without its byte order mark.
 * @throws WeftError where it is missing, no regular file or too large
 */
export async function readText(files: FileSystem, path: string): Promise<string> {
  return new TextDecoder().decode(await readRegularFile(files, path));
}

/**
 * Reads a JSON file. The caller checks its content.
 * @throws WeftError if the file is missing or is not JSON.
 */
export async function readJson(files: FileSystem, path: string): Promise<unknown> {
  const text = await readText(files, path);
  try {
    return JSON.parse(text);
  } catch {
    throw new WeftError(`${path}: expected JSON, but the file cannot be parsed as such. Is it complete?`);
  }
}

/** Joins a folder and a path relative to it with one `/`; an absolute path is returned unchanged. */
export function joinPath(folder: string, path: string): string {
  if (folder === "" || path.startsWith("/") || /^[A-Za-z]:[\\/]/.test(path)) return path;
  return folder.endsWith("/") ? folder + path : `${folder}/${path}`;
}

/** Splits off the last name of a path: `["runs", "a"]`; the folder is `.` if there is none. */
export function splitPath(path: string): readonly [folder: string, name: string] {
  const [, folder = "", name = ""] = /^(.*?)[\\/]*([^\\/]*)$/s.exec(path) ?? [];
  if (folder === "" && path !== name) return ["/", name];
  return [folder || ".", name];
}
