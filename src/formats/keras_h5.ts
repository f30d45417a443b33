// Weights out of Keras' HDF5 files, read by h5wasm from bytes in memory. Three forms:
//  - weights only:   root attribute `layer_names`, a group per layer with the attribute `weight_names`;
//  - whole model:    the same below the group `model_weights`, and the attribute `model_config`;
//  - Keras 3's `.weights.h5`: `layers/<class>_<n>/vars/<index>`, see keras3_layers.ts.

import type { File as HdfFile } from "h5wasm";
import { WeftError } from "../base/errors.ts";
import {
  attributeValue,
  type FoundWeight,
  type HdfDataset,
  type HdfSession,
  type LayerPosition,
  openHdf,
} from "./hdf5.ts";
import { DeclaredSizes } from "./hdf5_limits.ts";
import { listKeras3Weights } from "./keras3_layers.ts";
import { legacyRoot, listLegacyWeights } from "./legacy_layers.ts";
import { type ModelConfig, parseModelConfig } from "./model_config.ts";
import { bfloat16ToFloat32, float16ToFloat32, numbersToFloat32 } from "./tensor_values.ts";
import { requireNameLength } from "./weight_names.ts";

/** The layouts of Keras' weights files. */
export type KerasForm = "legacy-weights" | "legacy-model" | "weights.h5" | "keras";

/** One tensor of a file. */
export interface KerasWeight {
  /** Keras' layer name; it may contain `/`. If the file names no layers, the layer's position, such as `conv2d_5`. */
  layer: string;
  /** The variable's own name without `:0`: kernel, depthwise_kernel, gamma, … */
  weight: string;
  /** `layer/weight`. */
  name: string;
  shape: readonly number[];
  /** The type of the elements in the file, as numpy names it: float32, int64, … */
  dtype: string;
  /** For layers that the file does not name. */
  position?: LayerPosition;
  /**
   * The elements, row-major in Keras' own layout.
   * @throws WeftError naming the file and the tensor if the data cannot be read
   */
  load(): Float32Array;
}

/** An open file. `close` frees its bytes; tensors cannot be loaded afterwards. */
export interface KerasWeightFile {
  path: string;
  form: KerasForm;
  /** In the file's own order. */
  weights: readonly KerasWeight[];
  /** The model's description as `model.save` writes it, if the file has it. */
  modelConfig: ModelConfig | undefined;
  close(): void;
}

/** The archive that contains an HDF5 file. */
export interface SurroundingArchive {
  /** The model's configuration, a separate file in the archive. */
  readonly config: ModelConfig;
  readonly bytes: number;
}

/**
 * Opens a Keras weights file. The sizes of its tensors are checked before any is read.
 * @param bytes the whole file; not copied, so do not change it until `close`
 * @param path named in messages
 * @throws WeftError `path: …` if it is truncated, damaged, not HDF5, or holds no Keras weights
 */
export async function openKerasH5(
  bytes: Uint8Array,
  path: string,
  archive?: SurroundingArchive,
): Promise<KerasWeightFile> {
  const session = await openHdf(bytes, path);
  try {
    const { file } = session;
    const modelConfig = archive?.config ?? readConfig(session, path);
    const { form, found } = session.guard("its layers", () => listWeights(file, modelConfig, path));
    const sizes = new DeclaredSizes(bytes.byteLength, archive?.bytes ?? bytes.byteLength, path);
    const weights = found.map((entry) => toWeight(entry, session, sizes, path));
    return { path, form, weights, modelConfig, close: () => session.close() };
  } catch (thrown) {
    session.close();
    throw thrown;
  }
}

function readConfig(session: HdfSession, path: string): ModelConfig | undefined {
  const text = session.guard("its model_config", () => attributeValue(session.file.attrs.model_config));
  return typeof text === "string" ? parseModelConfig(text, `${path}: attribute model_config`) : undefined;
}

function listWeights(
  file: HdfFile,
  config: ModelConfig | undefined,
  path: string,
): { form: KerasForm; found: FoundWeight[] } {
  const root = legacyRoot(file);
  if (root) {
    const form = root === file ? "legacy-weights" : "legacy-model";
    return { form, found: listLegacyWeights(root, config, path) };
  }
  const found = listKeras3Weights(file, config, path);
  if (found.length > 0) return { form: "weights.h5", found };
  throw new WeftError(
    `${path}: an HDF5 file, but not one of Keras: expected the attribute layer_names or the group layers`,
  );
}

function toWeight(found: FoundWeight, session: HdfSession, sizes: DeclaredSizes, path: string): KerasWeight {
  const { layer, weight, dataset, position } = found;
  const name = `${layer}/${weight}`;
  requireNameLength(name, path);
  const { shape, dtype } = session.guard(`tensor ${name}`, () => {
    sizes.add(dataset, name);
    return { shape: dataset.shape ?? [], dtype: dtypeOf(dataset) };
  });
  const load = () => loadFloats(dataset, dtype, session, name, path);
  return { layer, weight, name, shape, dtype, load, ...(position && { position }) };
}

/** HDF5's classes of elements, https://docs.hdfgroup.org/hdf5/v1_14/_h5_tpublic_8h.html */
const INTEGER = 0;
const FLOAT = 1;
const OPAQUE = 5;
const ENUM = 8;
const NUMBERS: ReadonlySet<number> = new Set([INTEGER, FLOAT, ENUM]);

function dtypeOf(dataset: HdfDataset): string {
  const { type, size, signed } = dataset.metadata;
  if (type === INTEGER) return `${signed ? "int" : "uint"}${size * 8}`;
  if (type === FLOAT) return `float${size * 8}`;
  if (type === ENUM) return "bool";
  if (type !== OPAQUE) return String(dataset.dtype);
  // h5py has no such type and writes its bytes; Keras 3's own forms store the real type with them.
  return size === 2 && attributeValue(dataset.attrs.dtype) === "bfloat16" ? "bfloat16" : `V${size}`;
}

function loadFloats(
  dataset: HdfDataset,
  dtype: string,
  session: HdfSession,
  name: string,
  path: string,
): Float32Array {
  if (dtype === "float16" || dtype === "bfloat16") {
    const bytes = session.guard(`tensor ${name}`, () => session.rawBytes(dataset));
    const halves = new Uint16Array(bytes.buffer, 0, bytes.byteLength / 2);
    return dtype === "float16" ? float16ToFloat32(halves) : bfloat16ToFloat32(halves);
  }
  if (!NUMBERS.has(dataset.metadata.type)) {
    const hint = dtype.startsWith("V") ? " (bytes; a bfloat16 model has to be saved as .keras)" : "";
    throw new WeftError(`${path}: tensor ${name}: expected numbers but it holds ${dtype}${hint}`);
  }
  const value = session.guard(`tensor ${name}`, () => dataset.value);
  if (typeof value === "number" || typeof value === "bigint") return Float32Array.of(Number(value));
  const floats = numbersToFloat32(value);
  if (floats !== undefined) return floats;
  throw new WeftError(`${path}: tensor ${name}: expected numbers but it holds ${dtype}`);
}
