// The files of golden cases below a folder.

import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { fileFault } from "../../../src/platform/node/files.ts";

export const CASE_ENDING = ".safetensors";

/** A case file: its path, and its name below the folder without the ending. */
export interface CaseFile {
  readonly path: string;
  readonly name: string;
}

/** Every case below the folder, sorted by name. */
export async function findCases(folder: string): Promise<CaseFile[]> {
  let paths: string[];
  try {
    paths = await readdir(folder, { recursive: true });
  } catch (thrown) {
    throw fileFault(folder, thrown);
  }
  return paths
    .filter((path) => path.endsWith(CASE_ENDING))
    .map((path) => {
      const full = join(folder, path);
      const name = relative(folder, full).split(sep).join("/").slice(0, -CASE_ENDING.length);
      return { path: full, name };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
