// Where an ImageNet weights file is on this machine: in Keras' own cache, else in weft's, else downloaded
// into that.

import { homedir } from "node:os";
import { join } from "node:path";
import { messageOf, WeftError } from "../../base/errors.ts";
import { IMAGENET_ORIGIN, type ImagenetWeights } from "../../models/imagenet_weights.ts";
import { type CacheSurroundings, cacheFolder } from "./cache_folder.ts";
import { faultOfHash, faultOfHdf5 } from "./checksum.ts";
import { DownloadFault, type DownloadOptions, download } from "./download.ts";
import { nodeFiles } from "./files.ts";

export interface ImagenetFileOptions
  extends Pick<DownloadOptions, "onProgress" | "onTrouble" | "signal" | "stallSeconds" | "pauseSeconds"> {
  /** Told of a cached file that is not what it should be. */
  readonly onFaulty: (line: string) => void;
  /** Variables and home folder; the process's own by default. */
  readonly surroundings?: Surroundings;
}

type Surroundings = Partial<CacheSurroundings>;

/** Names a server with the files of storage.googleapis.com under the same paths. */
export const MIRROR_VARIABLE = "WEFT_IMAGENET_MIRROR";

/** Where Keras keeps what it downloads for its applications. */
export function kerasModelsFolder(surroundings: Surroundings = {}): string {
  const { variables = process.env, home = homedir() } = surroundings;
  const base = variables.KERAS_HOME?.replace(/^~(?=$|[\\/])/, home);
  return join(base || join(home, ".keras"), "models");
}

/** Where weft keeps what it downloads. */
export function imagenetFolder(surroundings: Surroundings = {}): string {
  return join(cacheFolder(surroundings), "imagenet");
}

/**
 * The path of a weights file, downloaded now where it is neither in Keras' cache nor in weft's.
 * @throws WeftError where it cannot be had, saying which file to put where
 */
export async function imagenetFile(file: ImagenetWeights, options: ImagenetFileOptions): Promise<string> {
  const { surroundings = {}, onFaulty } = options;
  const inKeras = await kerasFile(file, onFaulty, surroundings);
  if (inKeras !== undefined) return inKeras;
  const target = join(imagenetFolder(surroundings), file.fileName);
  if (await nodeFiles.exists(target)) {
    const fault = await faultOf(target, file);
    if (fault === undefined) return target;
    onFaulty(`${target}: ${fault}; it is removed and downloaded again`);
    await nodeFiles.remove(target);
  }
  const url = addressIn(file.url, surroundings.variables ?? process.env);
  try {
    const verify = (path: string) => faultOf(path, file);
    await download({ ...options, url, target, verify, isExact: file.hash !== undefined });
  } catch (thrown) {
    if (!(thrown instanceof DownloadFault)) throw thrown;
    const folders = `${kerasModelsFolder(surroundings)} or ${imagenetFolder(surroundings)}`;
    throw new WeftError(
      `${thrown.message}; without a network put ${file.fileName} into ${folders}, or give --weights FILE`,
      { cause: thrown },
    );
  }
  return target;
}

/**
 * The path of a file that Keras has downloaded, where it is there and whole. It is never changed.
 * @param onFaulty told of one that is not
 */
export async function kerasFile(
  file: ImagenetWeights,
  onFaulty: (line: string) => void,
  surroundings: Surroundings = {},
): Promise<string | undefined> {
  const path = join(kerasModelsFolder(surroundings), file.fileName);
  try {
    if (!(await nodeFiles.exists(path))) return undefined;
    const fault = await faultOf(path, file);
    if (fault === undefined) return path;
    onFaulty(`${path}: ${fault}; this file of Keras' cache is left alone and not used`);
  } catch (thrown) {
    if (!(thrown instanceof WeftError)) throw thrown;
    onFaulty(`${messageOf(thrown)}; Keras' cache is not used`);
  }
  return undefined;
}

function faultOf(path: string, { hash }: ImagenetWeights): Promise<string | undefined> {
  return hash === undefined ? faultOfHdf5(path) : faultOfHash(path, hash);
}

function addressIn(url: string, variables: CacheSurroundings["variables"]): string {
  const mirror = variables[MIRROR_VARIABLE];
  if (!mirror) return url;
  if (!/^https?:\/\/./.test(mirror) || !URL.canParse(mirror)) {
    throw new WeftError(
      `${MIRROR_VARIABLE} expects an address such as https://host/path, received "${mirror}"`,
    );
  }
  return `${mirror.replace(/\/*$/, "/")}${url.slice(IMAGENET_ORIGIN.length)}`;
}
