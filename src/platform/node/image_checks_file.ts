// Where earlier checks of images are kept: a file for each data folder, those unused longest removed.

import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { type FileSystem, joinPath } from "../../base/platform.ts";
import { cacheFolder } from "./cache_folder.ts";

const FOLDER = "image-checks";
/** Data folders whose checks are kept. */
const MOST_FILES = 32;
const NAME_DIGITS = 16;

/** The file of a data folder's checks; makes room where there is none of it yet. */
export async function imageChecksFile(files: FileSystem, dataFolder: string): Promise<string> {
  const folder = joinPath(cacheFolder(), FOLDER);
  const digest = createHash("sha256").update(resolve(dataFolder)).digest("hex");
  const path = joinPath(folder, `${digest.slice(0, NAME_DIGITS)}.json`);
  if (!(await files.exists(path))) await removeOldest(files, folder);
  return path;
}

async function removeOldest(files: FileSystem, folder: string): Promise<void> {
  if (!(await files.exists(folder))) return;
  const names = (await files.list(folder)).filter((name) => name.endsWith(".json"));
  if (names.length < MOST_FILES) return;
  const dated = await Promise.all(
    names.map(async (name) => {
      const path = joinPath(folder, name);
      return { path, modifiedMs: (await files.facts(path))?.modifiedMs ?? 0 };
    }),
  );
  dated.sort((a, b) => b.modifiedMs - a.modifiedMs);
  for (const { path } of dated.slice(MOST_FILES - 1)) await files.remove(path);
}
