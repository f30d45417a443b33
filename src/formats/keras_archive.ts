// Keras 3's `.keras`: a zip archive of metadata.json, config.json (the model) and model.weights.h5.

import { WeftError } from "../base/errors.ts";
import { foreignArchive, foreignMessage } from "./foreign_weights.ts";
import { type KerasWeightFile, openKerasH5 } from "./keras_h5.ts";
import { parseModelConfig } from "./model_config.ts";
import { listNames, openZip } from "./zip_archive.ts";

const CONFIG = "config.json";
const WEIGHTS = "model.weights.h5";

/** Keras writes about 1 kB per layer: 1 MB for NASNetLarge. */
const MOST_CONFIG_BYTES = 16 * 2 ** 20;
/**
 * Keras does not compress. If a file was packed again: trained weights shrink by a tenth, but zeros to a thousandth.
 */
const MOST_WEIGHTS_RATIO = 16;
const LEAST_WEIGHTS_LIMIT_BYTES = 64 * 2 ** 20;

/**
 * Opens a `.keras` file. The configuration gives the names of the layers, and their order, if the weights do not.
 * @param bytes the whole file; not copied, so do not change it until `close`
 * @throws WeftError `path: …` if the archive or a file in it is missing, truncated, damaged or too large
 */
export async function openKerasArchive(bytes: Uint8Array, path: string): Promise<KerasWeightFile> {
  const archive = openZip(bytes, path);
  for (const name of [CONFIG, WEIGHTS]) {
    if (archive.names.includes(name)) continue;
    const kind = foreignArchive(archive.names);
    if (kind !== undefined) throw new WeftError(foreignMessage(path, kind));
    throw new WeftError(`${path}: a .keras archive without ${name}; it holds ${listNames(archive.names)}`);
  }
  const text = new TextDecoder().decode(archive.read(CONFIG, MOST_CONFIG_BYTES));
  const config = parseModelConfig(text, `${path}: ${CONFIG}`);
  const mostBytes = LEAST_WEIGHTS_LIMIT_BYTES + MOST_WEIGHTS_RATIO * bytes.byteLength;
  const weights = archive.read(WEIGHTS, mostBytes);
  const file = await openKerasH5(weights, `${path}: ${WEIGHTS}`, { config, bytes: bytes.byteLength });
  return { ...file, path, form: "keras" };
}
