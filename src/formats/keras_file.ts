// Keras' weights files as a training reads them: in any form, by a reader that the platform provides. The HDF5 library
// cannot be stopped from within, so a platform with workers reads files in a worker.

import { openKerasArchive } from "./keras_archive.ts";
import { type KerasWeight, type KerasWeightFile, openKerasH5 } from "./keras_h5.ts";
import { isZip } from "./zip_archive.ts";

/** A tensor of a file; its data may be in another thread. */
export interface KerasTensor extends Omit<KerasWeight, "load"> {
  /**
   * The elements, row-major in Keras' own layout; a promise of them if the file is read in another thread.
   * @throws WeftError naming the file and the tensor if the data cannot be read
   */
  load(): Float32Array | Promise<Float32Array>;
}

/** An open file. `close` frees it; tensors cannot be loaded afterwards. */
export interface KerasFile extends Pick<KerasWeightFile, "path" | "form" | "modelConfig"> {
  /** In the file's own order. */
  readonly tensors: readonly KerasTensor[];
  close(): void;
}

/**
 * Opens a file for which `isKerasFile` holds.
 * @param bytes the whole file; the reader may take ownership of it, so do not use it afterwards
 * @throws WeftError `path: …` if it is truncated, damaged or holds no Keras weights
 */
export type KerasReader = (bytes: Uint8Array, path: string) => Promise<KerasFile>;

const HDF5_SIGNATURE = [0x89, 0x48, 0x44, 0x46];

const isHdf5 = (bytes: Uint8Array) => HDF5_SIGNATURE.every((byte, index) => bytes[index] === byte);

/** Whether bytes begin as HDF5 or as a zip archive. */
export function isKerasFile(bytes: Uint8Array): boolean {
  return isHdf5(bytes) || isZip(bytes);
}

/** Opens a file in the calling thread. */
export const openKerasFile: KerasReader = async (bytes, path) => {
  const isArchive = isZip(bytes) || (!isHdf5(bytes) && /\.keras$/i.test(path));
  const file = await (isArchive ? openKerasArchive : openKerasH5)(bytes, path);
  const { form, modelConfig, weights } = file;
  return { path, form, modelConfig, tensors: weights, close: () => file.close() };
};
