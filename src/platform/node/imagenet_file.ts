// Where an ImageNet weights file is on this machine: in Keras' own cache, else in weft's, else downloaded
// into that.

import { homedir } from "node:os";
import { join } from "node:path";
import { messageOf, WeftError } from "../../base/errors.ts";
import { OWN_WEIGHTS } from "../../base/remedies.ts";
import { IMAGENET_ORIGIN, type ImagenetWeights } from "../../models/imagenet_weights.ts";
import { type CacheSurroundings, cacheFolder } from "./cache_folder.ts";
import { faultOfHash, faultOfHdf5 } from "./checksum.ts";
import { type DownloadOptions, download } from "./download.ts";
import { DownloadFault } from "./download_response.ts";
import { nodeFiles } from "./files.ts";
import { withoutSecrets } from "./web_address.ts";

export interface ImagenetFileOptions
  extends KerasFileOptions,
    Pick<DownloadOptions, "onProgress" | "onTrouble" | "signal" | "stallSeconds" | "pauseSeconds"> {
  /** The file has no more. */
  readonly largestBytes: number;
}

export interface KerasFileOptions {
  /** Told of a cached file that is not what it should be. */
  readonly onFaulty: (line: string) => void;
  /**
   * Reads a file as it will be read for use, where Keras has no hash of it.
   * @returns what is wrong; undefined if nothing is
   */
  readonly faultOfContent?: (path: string) => Promise<string | undefined>;
  readonly largestBytes?: number;
  /** Variables and home folder; the process's own by default. */
  readonly surroundings?: Surroundings;
}

type Surroundings = Partial<CacheSurroundings>;

/** Names a server with the files of storage.googleapis.com under the same paths. */
const MIRROR_VARIABLE = "WEFT_IMAGENET_MIRROR";

/** Where Keras keeps what it downloads for its applications. */
export function kerasModelsFolder(surroundings: Surroundings = {}): string {
  const { variables = process.env, home = homedir() } = surroundings;
  const base = variables.KERAS_HOME?.replace(/^~(?=$|[\\/])/, home);
  return join(base || join(home, ".keras"), "models");
}

/** Where weft keeps what it downloads. */
function imagenetFolder(surroundings: Surroundings = {}): string {
  return join(cacheFolder(surroundings), "imagenet");
}

/**
 * The path of a weights file, downloaded now where it is neither in Keras' cache nor in weft's.
 * @throws WeftError if it cannot be had, saying which file to put where
 */
export async function imagenetFile(file: ImagenetWeights, options: ImagenetFileOptions): Promise<string> {
  const { surroundings = {} } = options;
  const inKeras = await kerasFile(file, options);
  if (inKeras !== undefined) return inKeras;
  const target = join(imagenetFolder(surroundings), file.fileName);
  const verify = (path: string) => faultOf(path, file, options);
  // Before the download's lock is taken: the folder may be one that nobody can write into.
  if ((await nodeFiles.exists(target)) && (await verify(target)) === undefined) return target;
  const url = addressIn(file.url, surroundings.variables ?? process.env);
  try {
    await download({ ...options, url, target, verify, isExact: file.hash !== undefined });
  } catch (thrown) {
    if (!(thrown instanceof DownloadFault)) throw thrown;
    const folders = `${kerasModelsFolder(surroundings)} or ${imagenetFolder(surroundings)}`;
    throw new WeftError(`${thrown.message}; without a network put ${file.fileName} into ${folders}`, {
      cause: thrown,
      remedy: OWN_WEIGHTS,
    });
  }
  return target;
}

/** The path of a file that Keras has downloaded, where it is there and whole. It is never changed. */
export async function kerasFile(
  file: ImagenetWeights,
  options: KerasFileOptions,
): Promise<string | undefined> {
  const { onFaulty, surroundings } = options;
  const path = join(kerasModelsFolder(surroundings), file.fileName);
  try {
    if (!(await nodeFiles.exists(path))) return undefined;
    const fault = await faultOf(path, file, options);
    if (fault === undefined) return path;
    onFaulty(`${path}: ${fault}; this file of Keras' cache is left alone and not used`);
  } catch (thrown) {
    if (!(thrown instanceof WeftError)) throw thrown;
    onFaulty(`${messageOf(thrown)}; Keras' cache is not used`);
  }
  return undefined;
}

/** A hash says all; without one the file is read as it will be for use. */
async function faultOf(
  path: string,
  { hash }: ImagenetWeights,
  { largestBytes = Number.POSITIVE_INFINITY, faultOfContent }: KerasFileOptions,
): Promise<string | undefined> {
  const facts = await nodeFiles.facts(path);
  if (!facts) return "it is not there any more"; // another process has found it wanting
  if (!facts.isRegularFile) throw new WeftError(`${path}: is a folder or no regular file; expected a file`);
  if (facts.bytes > largestBytes) return `it has ${facts.bytes} bytes; this file has at most ${largestBytes}`;
  if (hash !== undefined) return faultOfHash(path, hash);
  return (await faultOfHdf5(path)) ?? faultOfContent?.(path);
}

/** The address at the mirror, whose query, a token maybe, stays behind the path. */
function addressIn(url: string, variables: CacheSurroundings["variables"]): string {
  const mirror = variables[MIRROR_VARIABLE];
  if (!mirror) return url;
  if (!/^https?:\/\/./i.test(mirror) || !URL.canParse(mirror)) {
    const shown = withoutSecrets(mirror);
    throw new WeftError(
      `${MIRROR_VARIABLE} expects an address such as https://host/path, received "${shown}"`,
    );
  }
  const address = new URL(mirror);
  address.pathname = `${address.pathname.replace(/\/*$/, "/")}${url.slice(IMAGENET_ORIGIN.length)}`;
  return address.href;
}
