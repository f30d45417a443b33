// Tuning tables as files in the cache folder.

import { joinPath, readText } from "../../base/platform.ts";
import type { TuningStore } from "../../tune/tuning_store.ts";
import { cacheFolder } from "./cache_folder.ts";
import { withFileLock } from "./file_lock.ts";
import { nodeFiles } from "./files.ts";

/** The tables of this machine; by default those below the cache folder. */
export function fileTuningStore(folder: string = joinPath(cacheFolder(), "tuning")): TuningStore {
  const placeOf = (name: string) => joinPath(folder, name);
  return {
    placeOf,
    async read(name) {
      const path = placeOf(name);
      return (await nodeFiles.exists(path)) ? readText(nodeFiles, path) : undefined;
    },
    write: (name, text) => nodeFiles.writeFile(placeOf(name), text),
    async exclusively(name, work) {
      await nodeFiles.makeFolder(folder);
      return withFileLock(`${placeOf(name)}.lock`, work);
    },
  };
}
