// Where weft keeps what it can make again: the unpacked SwiftShader, the demo set, tuning tables.

import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

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
