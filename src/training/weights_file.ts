// Weights from a file (Keras' HDF5 forms, `.keras`, safetensors) for the weights that a network expects.

import { WeftError } from "../base/errors.ts";
import { type FileSystem, joinPath } from "../base/platform.ts";
import { FOREIGN_FOLDERS, foreignKind, foreignMessage } from "../formats/foreign_weights.ts";
import { requireTensorCount } from "../formats/hdf5_limits.ts";
import { isKerasFile, type KerasReader, openKerasFile } from "../formats/keras_file.ts";
import type { KerasForm } from "../formats/keras_h5.ts";
import type { ModelConfig } from "../formats/model_config.ts";
import { readSafetensors, type SafetensorsDtype } from "../formats/safetensors.ts";
import { toFloat32 } from "../formats/tensor_values.ts";
import {
  type ExpectedWeight,
  matchWeights,
  type OfferedWeight,
  requireFit,
  requireUsable,
  type WeightReport,
} from "../formats/weight_matching.ts";
import { requireNameLength } from "../formats/weight_names.ts";

/** What a file of weights is. */
export type WeightsForm = KerasForm | "safetensors";

/** For people. */
export const FORM_NAMES: Readonly<Record<WeightsForm, string>> = {
  "legacy-weights": "HDF5 of Keras, weights only",
  "legacy-model": "HDF5 of Keras, whole model",
  "weights.h5": "HDF5 of Keras 3, weights only",
  keras: ".keras archive, whole model",
  safetensors: "safetensors",
};

/** A tensor that a file offers, not read yet. */
export interface OfferedTensor extends OfferedWeight {
  /** Of the elements in the file, as numpy calls them: float32, int64, … */
  readonly dtype: string;
  /**
   * The elements; a promise of them where the file is read in another thread.
   * @throws WeftError naming file and tensor where the data cannot be read
   */
  load(): Float32Array | Promise<Float32Array>;
}

/** A file's list of tensors. `close` frees it; tensors cannot be loaded afterwards. */
export interface OpenWeights {
  readonly path: string;
  readonly form: WeightsForm;
  /** The model as Keras describes it, `{ class_name, config }`, in files of whole models. */
  readonly modelConfig: ModelConfig | undefined;
  readonly tensors: readonly OfferedTensor[];
  close(): void;
}

/** Which weights a network wants of a file. */
export interface WantedWeights {
  /** For messages: `MobileNetV2 (alpha 0.35)`. */
  readonly network: string;
  /** Every one of these must be there. */
  readonly required: readonly ExpectedWeight[];
  /** Layers that are taken where name and shapes fit, and left alone otherwise: heads. */
  readonly optional?: readonly ExpectedWeight[];
  /** Keras' order of the required weights' layers, for files that do not name layers. */
  readonly layerOrder?: readonly string[] | undefined;
}

/** What was taken from a file. */
export interface LoadedWeights {
  /** By the network's names, `layer/weight`. */
  readonly values: ReadonlyMap<string, Float32Array>;
  /** Matched and left over, over required and optional weights. */
  readonly report: WeightReport<ExpectedWeight, OfferedTensor>;
}

const DTYPE_NAMES: Readonly<Record<SafetensorsDtype, string>> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U64: "uint64",
  U32: "uint32",
  U16: "uint16",
  U8: "uint8",
  BOOL: "bool",
};

/**
 * Tells a weights file's form, lists its tensors and gives the model's description where it has one: by its
 * first bytes HDF5 or a `.keras` archive, else by its name, else safetensors.
 * @param bytes the whole file; the reader of Keras' files may take possession of them
 * @param openKeras reads Keras' files, by default in this thread
 * @throws WeftError `path: …` where it is none of them, truncated or damaged
 */
export async function openWeights(
  bytes: Uint8Array,
  path: string,
  openKeras: KerasReader = openKerasFile,
): Promise<OpenWeights> {
  if (!isKerasFile(bytes)) {
    const kind = foreignKind(bytes, path);
    if (kind !== undefined) throw new WeftError(foreignMessage(path, kind));
  }
  if (isKerasFile(bytes) || /\.(h5|hdf5|keras)$/i.test(path)) return openKeras(bytes, path);
  const stored = [...readSafetensors(bytes, path).tensors];
  requireTensorCount(stored.length, path);
  const tensors = stored.map(([name, tensor]) => {
    requireNameLength(name, path);
    const slash = name.lastIndexOf("/");
    const layer = name.slice(0, Math.max(0, slash));
    const dtype = DTYPE_NAMES[tensor.dtype];
    const load = () => toFloat32(tensor);
    return { name, layer, weight: name.slice(slash + 1), shape: tensor.shape, dtype, load };
  });
  return { path, form: "safetensors", modelConfig: undefined, tensors, close: () => {} };
}

/** What Node reads at once. */
const MOST_FILE_BYTES = 2 ** 31 - 1;

/**
 * Opens a weights file by its path.
 * @throws WeftError `path: …` where it is missing, no regular file, or as `openWeights` does
 */
export async function openWeightsFile(
  files: FileSystem,
  path: string,
  openKeras?: KerasReader,
): Promise<OpenWeights> {
  const facts = await files.facts(path);
  if (facts && !facts.isRegularFile) throw new WeftError(await faultOfFolder(files, path));
  if (facts && facts.bytes > MOST_FILE_BYTES) {
    throw new WeftError(
      `${path}: ${facts.bytes} bytes; weft reads weights files of up to ${MOST_FILE_BYTES}`,
    );
  }
  return openWeights(await files.readFile(path), path, openKeras);
}

/** What to say of something in place of a file, which is a folder as a rule. */
async function faultOfFolder(files: FileSystem, path: string): Promise<string> {
  const own = joinPath(path, "weights.safetensors");
  if (await files.exists(own)) return `${path}: is the folder of a run; expected a file, such as ${own}`;
  for (const [name, kind] of FOREIGN_FOLDERS) {
    if (await files.exists(joinPath(path, name))) return foreignMessage(path, kind);
  }
  return `${path}: is a folder or no regular file; expected a file of weights`;
}

/**
 * Takes a network's weights from an open file.
 * @throws WeftError where a required weight is missing, has another shape, or values that nothing can be
 *   computed with
 */
export async function takeWeights(file: OpenWeights, wanted: WantedWeights): Promise<LoadedWeights> {
  const { network, required, optional = [], layerOrder } = wanted;
  const ofBackbone = matchWeights(required, file.tensors, { layerOrder });
  requireFit(ofBackbone, file.path, network);
  const ofHeads = matchWeights(optional, ofBackbone.leftOver, { byName: true });
  const matched = [...ofBackbone.matched, ...completeLayers(ofHeads, optional)];
  const taken = new Set(matched.map(({ found }) => found));
  const values = new Map<string, Float32Array>();
  for (const { expected, found } of matched) {
    const loaded = await found.load();
    requireUsable(loaded, found, file.path);
    values.set(expected.name, loaded);
  }
  const leftOver = file.tensors.filter((tensor) => !taken.has(tensor));
  return { values, report: { matched, misshapen: [], missing: [], leftOver } };
}

const layerOf = (name: string) => name.slice(0, Math.max(0, name.lastIndexOf("/")));

/** The matches of those layers all of whose weights fit: half a head would be worse than a new one. */
function completeLayers<E extends ExpectedWeight, O extends OfferedWeight>(
  { matched }: WeightReport<E, O>,
  expected: readonly ExpectedWeight[],
) {
  const counts = new Map<string, number>();
  for (const { name } of expected) counts.set(layerOf(name), (counts.get(layerOf(name)) ?? 0) + 1);
  for (const { expected: found } of matched) {
    counts.set(layerOf(found.name), (counts.get(layerOf(found.name)) ?? 0) - 1);
  }
  return matched.filter(({ expected: found }) => counts.get(layerOf(found.name)) === 0);
}

/**
 * Reads a weights file for a network.
 * @param openKeras reads Keras' files, by default in this thread
 * @throws WeftError `path: …` as `openWeightsFile` and `takeWeights` do
 */
export async function loadWeights(
  files: FileSystem,
  path: string,
  wanted: WantedWeights,
  openKeras?: KerasReader,
): Promise<LoadedWeights> {
  const file = await openWeightsFile(files, path, openKeras);
  try {
    return await takeWeights(file, wanted);
  } finally {
    file.close();
  }
}

/**
 * Reads a file that must hold exactly the wanted weights, as weft itself writes it.
 * @throws WeftError where the file is missing, damaged or of another network
 */
export async function loadExactWeights(
  files: FileSystem,
  path: string,
  required: readonly ExpectedWeight[],
  network: string,
): Promise<ReadonlyMap<string, Float32Array>> {
  const { values, report } = await loadWeights(files, path, { network, required });
  const stray = report.leftOver[0];
  if (stray) throw new WeftError(`${path}: tensor ${stray.name} is none of ${network}`);
  return values;
}
