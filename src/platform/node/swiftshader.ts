// SwiftShader, a Vulkan driver on the CPU, out of the npm package @sparticuz/chromium (Linux x64): its
// archive (brotli over tar) is unpacked once into the cache folder.

import { createReadStream, existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
import { WeftError } from "../../base/errors.ts";
import { fileFault, makeFolders } from "./files.ts";
import { withPartial } from "./partials.ts";

export const SWIFTSHADER_PACKAGE = "@sparticuz/chromium";

/** The unpacked files that weft uses. */
export interface SwiftShaderFiles {
  /** The driver's manifest, for VK_DRIVER_FILES. */
  readonly manifest: string;
  /** A Vulkan loader, for systems without one. */
  readonly loader: string;
}

/** The part of tar-fs, a dependency of the package itself, that is used here. */
interface TarFs {
  extract(folder: string, options: { chown: boolean; ignore: (path: string) => boolean }): Writable;
}

const WANTED_FILES = ["vk_swiftshader_icd.json", "libvulkan.so.1", "libvk_swiftshader.so"] as const;

/**
 * Unpacks SwiftShader below the cache folder unless it is there, and says where its files are. Several
 * processes may do so at once: each unpacks into a folder of its own, the first rename wins.
 * @throws WeftError with the reason where this machine cannot have it.
 */
export async function unpackSwiftShader(cache: string): Promise<SwiftShaderFiles> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new WeftError(`comes for Linux on x64 only, this is ${process.platform} on ${process.arch}`);
  }
  const { archive, version, requirePart } = locatePackage();
  const folder = join(cache, `swiftshader-${version}`);
  if (!isComplete(folder)) {
    try {
      await unpackInto(folder, cache, archive, requirePart);
    } catch (thrown) {
      throw fileFault(folder, thrown);
    }
  }
  return { manifest: join(folder, WANTED_FILES[0]), loader: join(folder, WANTED_FILES[1]) };
}

/** Loads a module as the code of a package would. */
type RequireModule = (name: string) => unknown;

/** Where an installed package is. */
export interface LocatedPackage {
  readonly root: string;
  readonly archive: string;
  readonly version: string;
  readonly requirePart: RequireModule;
}

/**
 * The npm package that brings SwiftShader and a headless Chromium.
 * @throws WeftError if it is not installed
 */
export function locatePackage(): LocatedPackage {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(SWIFTSHADER_PACKAGE);
  } catch {
    throw new WeftError(
      `the npm package ${SWIFTSHADER_PACKAGE} is not installed (npm ci --include=optional)`,
    );
  }
  const requirePart = createRequire(entry);
  const root = join(dirname(entry), "..", ".."); // the entry is build/cjs/index.cjs
  const archive = join(root, "bin", "swiftshader.tar.br");
  if (!existsSync(archive)) throw new WeftError(`${archive}: no such file. Expected 147.0.0 of the package`);
  const { version } = requirePart(join(root, "package.json")) as { version: string };
  return { root, archive, version, requirePart };
}

async function unpackInto(folder: string, cache: string, archive: string, requirePart: RequireModule) {
  await makeFolders(cache);
  await withPartial(folder, async (partial) => {
    await mkdir(partial);
    const { extract } = requirePart("tar-fs") as TarFs;
    const ignore = (path: string) => !WANTED_FILES.some((name) => path.endsWith(name));
    await pipeline(
      createReadStream(archive),
      createBrotliDecompress(),
      extract(partial, { chown: false, ignore }),
    );
    if (!isComplete(partial)) throw new Error(`${archive} lacks one of ${WANTED_FILES.join(", ")}`);
    if (!isComplete(folder)) await rm(folder, { recursive: true, force: true });
    await rename(partial, folder).catch((thrown: unknown) => {
      if (!isComplete(folder)) throw thrown; // otherwise another process was first, with the same files
    });
  });
}

function isComplete(folder: string): boolean {
  return WANTED_FILES.every((name) => existsSync(join(folder, name)));
}
