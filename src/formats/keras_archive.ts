// Keras 3's `.keras`: a zip archive of metadata.json, config.json (the model) and model.weights.h5.

import { WeftError } from "../base/errors.ts";
import { type KerasWeightFile, openKerasH5 } from "./keras_h5.ts";
import { parseModelConfig } from "./model_config.ts";
import { openZip } from "./zip_archive.ts";

const CONFIG = "config.json";
const WEIGHTS = "model.weights.h5";

/**
 * Opens a `.keras` file. The configuration names the layers, and their order, where the weights do not.
 * @param bytes the whole file; not copied, so leave it as it is until `close`
 * @throws WeftError `path: …` where the archive or a file in it is missing, truncated or damaged
 */
export async function openKerasArchive(bytes: Uint8Array, path: string): Promise<KerasWeightFile> {
  const archive = openZip(bytes, path);
  for (const name of [CONFIG, WEIGHTS]) {
    if (archive.names.includes(name)) continue;
    const held = archive.names.length > 0 ? archive.names.join(", ") : "nothing";
    throw new WeftError(`${path}: a .keras archive without ${name}; it holds ${held}`);
  }
  const text = new TextDecoder().decode(archive.read(CONFIG));
  const config = parseModelConfig(text, `${path}: ${CONFIG}`);
  const file = await openKerasH5(archive.read(WEIGHTS), `${path}: ${WEIGHTS}`, config);
  return { ...file, path, form: "keras" };
}
