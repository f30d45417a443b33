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

/**
 * Folders of the cache that weft writes to, with the names that earlier versions gave to unfinished files and
 * folders there, and the files that are locked there. WEFT_CACHE may be a folder with the user's own files, such as
 * `yarn.lock` or `thesis.partial`, so only names that weft alone uses are removed.
 */
const WRITTEN_FOLDERS: readonly { name: string; unnamed: RegExp; locked: RegExp | undefined }[] = [
  { name: "", unnamed: /^(swiftshader|demo)-[\w.-]+\.partial(-\w{6})?$/, locked: undefined },
  { name: "image-checks", unnamed: /^[0-9a-f]{16}\.json\.partial$/, locked: undefined },
  { name: "tuning", unnamed: /^[\w.-]+\.json\.partial$/, locked: /\.json$/ },
  { name: "imagenet", unnamed: /^[\w.-]+\.(h5|json)\.partial$/, locked: /\.(h5|json)$/ },
];
const LOCK_NAME = /^(.+?)\.lock(\.[0-9a-f]{8})*$/;

/** Removes what killed processes left in the cache: unfinished files and folders, and locks. */
export async function removeCacheLeftovers(cache = cacheFolder()): Promise<void> {
  for (const { name: folderName, unnamed, locked } of WRITTEN_FOLDERS) {
    const folder = join(cache, folderName);
    await removeLeftoverPartials(folder, unnamed);
    const names: string[] = locked ? await readdir(folder).catch(() => []) : [];
    for (const name of names.filter((file) => locked?.test(LOCK_NAME.exec(file)?.[1] ?? ""))) {
      const lock = await takeLock(join(folder, name)).catch(() => undefined);
      if (lock instanceof FileLock) lock.release();
    }
  }
}
