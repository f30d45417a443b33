// A text file that is written piece by piece and takes its place at the end: what stood there before stays
// until the new content is complete, and for good where it never is.

import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { fileFault, nodeFiles } from "./files.ts";
import { withPartial } from "./partials.ts";

/** Writes text behind what was written before. */
export type Append = (text: string) => void;

/**
 * Runs work that writes a file. The text goes to a file beside it, which replaces it when the work has ended well.
 * @throws what the work throws; WeftError `path: …` where the file cannot be written
 */
export async function writeStreamed<T>(path: string, work: (append: Append) => Promise<T>): Promise<T> {
  const attempt = <R>(action: () => R): R => {
    try {
      return action();
    } catch (thrown) {
      throw fileFault(path, thrown);
    }
  };
  await nodeFiles.makeFolder(dirname(path));
  return withPartial(path, async (partial) => {
    const file = attempt(() => openSync(partial, "wx"));
    let result: T;
    try {
      result = await work((text) => {
        attempt(() => {
          for (let rest = Buffer.from(text); rest.length > 0; ) rest = rest.subarray(writeSync(file, rest));
        });
      });
      attempt(() => fsyncSync(file));
    } finally {
      closeSync(file);
    }
    attempt(() => renameSync(partial, path));
    return result;
  });
}
