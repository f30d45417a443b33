// The pictures that a command line names: files as they are, and all that is below folders.

import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { joinPath } from "../../base/platform.ts";
import { fileFault } from "./files.ts";

/** Names that promise a picture, in a format that weft reads or one that has to be told about. */
const PICTURE_NAME = /\.(jpe?g|jpe|jfif|png|webp|gif|tiff?|bmp|avif|hei[cf]|svg|jxl|jp2)$/i;

/** A file that may be a picture. */
export interface PictureFile {
  /** As it was given, or the folder as it was given with the way from there. */
  readonly path: string;
  /** Whether somebody wants it for a picture: it was named, or its name promises one. */
  readonly isExpected: boolean;
}

/**
 * Lists files in the order of the arguments, what is below a folder sorted by its path, each path once. Names
 * that begin with a dot are left out in folders; links are followed, each folder is visited once.
 * @throws WeftError if there is nothing of a name or a folder cannot be read
 */
export async function listPictureFiles(paths: readonly string[]): Promise<PictureFile[]> {
  const found = new Map<string, PictureFile>();
  for (const path of paths) {
    const isFolder = (await statOf(path)).isDirectory();
    const below = isFolder ? (await filesBelow(path, new Set())).sort() : [path];
    for (const file of below) {
      const isExpected = !isFolder || PICTURE_NAME.test(file) || found.get(file)?.isExpected === true;
      found.set(file, { path: file, isExpected });
    }
  }
  return [...found.values()];
}

async function statOf(path: string) {
  return stat(path, { bigint: true }).catch((thrown: unknown) => {
    throw fileFault(path, thrown);
  });
}

async function filesBelow(folder: string, visited: Set<string>): Promise<string[]> {
  const { dev, ino } = await statOf(folder);
  if (visited.has(`${dev} ${ino}`)) return [];
  visited.add(`${dev} ${ino}`);
  const entries = await readdir(folder, { withFileTypes: true }).catch((thrown: unknown) => {
    throw fileFault(folder, thrown);
  });
  const files: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const path = joinPath(folder, entry.name);
    if (await isFolder(entry, path)) files.push(...(await filesBelow(path, visited)));
    else files.push(path);
  }
  return files;
}

async function isFolder(entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  // A link that leads nowhere is a file that cannot be read, and told as such.
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
