// Where weft keeps what it can make again: the unpacked SwiftShader, the demo set, tuning tables.

import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { FileLock, takeLock } from "./file_lock.ts";
import { removeLeftoverPartials } from "./partials.ts";

/** The facts the place depends on; the process's own by default. */
export interface CacheSurroundings {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly system: NodeJS.Platform;
  readonly home: string;
}

/**
 * The cache folder: `WEFT_CACHE` where it is set, else what the system has for caches. It need not exist
 * yet. A relative XDG_CACHE_HOME is ignored, as the XDG base directory specification demands.
 */
export function cacheFolder(surroundings: Partial<CacheSurroundings> = {}): string {
  const { variables = process.env, system = process.platform, home = homedir() } = surroundings;
  if (variables.WEFT_CACHE) return resolve(variables.WEFT_CACHE);
  if (system === "win32") return join(variables.LOCALAPPDATA || join(home, "AppData", "Local"), "weft");
  if (system === "darwin") return join(home, "Library", "Caches", "weft");
  const xdg = variables.XDG_CACHE_HOME;
  return join(xdg && isAbsolute(xdg) ? xdg : join(home, ".cache"), "weft");
}

/** Folders of the cache that files are written to. */
const WRITTEN_FOLDERS = ["", "tuning", "imagenet"];
/** Names that earlier versions gave to unfinished files and folders. */
const UNNAMED_PARTIALS = /\.partial(-\w{6})?$/;

/** Removes what killed processes left in the cache: unfinished files and folders, and locks. */
export async function removeCacheLeftovers(cache = cacheFolder()): Promise<void> {
  for (const folder of WRITTEN_FOLDERS.map((name) => join(cache, name))) {
    await removeLeftoverPartials(folder, UNNAMED_PARTIALS);
    const names: string[] = await readdir(folder).catch(() => []);
    for (const name of names.filter((file) => /\.lock(\.[0-9a-f]{8})*$/.test(file))) {
      const lock = await takeLock(join(folder, name)).catch(() => undefined);
      if (lock instanceof FileLock) lock.release();
    }
  }
}
