// A Chromium to run pages in: the one that CHROME_PATH names, a system's, or the headless one of the npm
// package @sparticuz/chromium (Linux x64), unpacked once into the cache folder.

import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
import { WeftError } from "../../../src/base/errors.ts";
import { cacheFolder } from "../../../src/platform/node/cache_folder.ts";
import { withPartial } from "../../../src/platform/node/partials.ts";
import { locatePackage } from "../../../src/platform/node/swiftshader.ts";

/** A Chromium that can be started. */
export interface FoundChromium {
  readonly path: string;
  /** For messages: `CHROME_PATH`, `system`, or the package. */
  readonly origin: string;
  /** Folder of shared libraries that it brings, for systems that lack them. */
  readonly libraries?: string;
}

const LINUX_NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const MAC_PATHS = ["Google Chrome.app/Contents/MacOS/Google Chrome", "Chromium.app/Contents/MacOS/Chromium"];
const WINDOWS_PATHS = ["Google\\Chrome\\Application\\chrome.exe", "Microsoft\\Edge\\Application\\msedge.exe"];

/** @throws WeftError where CHROME_PATH names nothing, or there is no Chromium at all. */
export async function findChromium(): Promise<FoundChromium> {
  const { CHROME_PATH } = process.env;
  if (CHROME_PATH) {
    if (!existsSync(CHROME_PATH))
      throw new WeftError(`CHROME_PATH names ${CHROME_PATH}, which does not exist`);
    return { path: CHROME_PATH, origin: "CHROME_PATH" };
  }
  const system = systemCandidates().find((path) => existsSync(path));
  if (system !== undefined) return { path: system, origin: "system" };
  try {
    return await unpackChromium(cacheFolder());
  } catch (thrown) {
    if (!(thrown instanceof WeftError)) throw thrown;
    throw new WeftError(
      `no Chromium found (${thrown.message}). Install one, or set CHROME_PATH to its program.`,
    );
  }
}

function systemCandidates(): string[] {
  const { PATH = "", PROGRAMFILES = "", LOCALAPPDATA = "" } = process.env;
  if (process.platform === "darwin") return MAC_PATHS.map((path) => join("/Applications", path));
  if (process.platform === "win32") {
    const folders = [PROGRAMFILES, process.env["PROGRAMFILES(X86)"] ?? "", LOCALAPPDATA].filter(
      (path) => path,
    );
    return folders.flatMap((folder) => WINDOWS_PATHS.map((path) => join(folder, path)));
  }
  return PATH.split(delimiter).flatMap((folder) => LINUX_NAMES.map((name) => join(folder, name)));
}

/** The part of tar-fs, a dependency of the package itself, that is used here. */
interface TarFs {
  extract(folder: string, options: { chown: boolean }): Writable;
}

const PROGRAM = "chromium";
const LIBRARIES = "libraries";

/** Unpacks into a folder of its own and renames that, as several processes may do so at once. */
async function unpackChromium(cache: string): Promise<FoundChromium> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new WeftError(
      `the npm package's is for Linux on x64, this is ${process.platform} on ${process.arch}`,
    );
  }
  const { root, version, requirePart } = locatePackage();
  const folder = join(cache, `chromium-${version}`);
  const found = {
    path: join(folder, PROGRAM),
    origin: "npm package",
    libraries: join(folder, LIBRARIES, "lib"),
  };
  if (existsSync(found.path)) return found;
  await mkdir(cache, { recursive: true });
  await withPartial(folder, async (partial) => {
    await mkdir(partial);
    const { extract } = requirePart("tar-fs") as TarFs;
    const inflate = (archive: string, target: Writable) =>
      pipeline(createReadStream(join(root, "bin", archive)), createBrotliDecompress(), target);
    await inflate("chromium.br", createWriteStream(join(partial, PROGRAM), { mode: 0o755 }));
    await inflate("swiftshader.tar.br", extract(partial, { chown: false }));
    await inflate("al2023.tar.br", extract(join(partial, LIBRARIES), { chown: false }));
    await rename(partial, folder).catch((thrown: unknown) => {
      if (!existsSync(found.path)) throw thrown; // otherwise another process was first, with the same files
    });
  });
  return found;
}
