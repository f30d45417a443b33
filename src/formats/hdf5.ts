// An HDF5 file held in memory, opened by h5wasm in Node and in browsers; faults are one line.
// https://docs.hdfgroup.org/hdf5/v1_14/_f_m_t3.html describes the superblock.

import type { Attribute, Dataset, Entity, Group, File as HdfFile } from "h5wasm";
import { messageOf, WeftError } from "../base/errors.ts";

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** An open file. */
export interface HdfSession {
  file: HdfFile;
  /** Runs an action on the file; an exception of h5wasm becomes `path: WHAT cannot be read (…)`. */
  guard<T>(what: string, action: () => T): T;
  /** The bytes of a dataset's elements, for types that h5wasm does not turn into an array; call it within `guard`. */
  rawBytes(dataset: Dataset): Uint8Array;
  close(): void;
}

export type { Dataset as HdfDataset, Group as HdfGroup } from "h5wasm";

/** The position of a layer in a file that does not name its layers: its index within its class. */
export interface LayerPosition {
  /** Distinguishes the models nested in a file. */
  readonly model: string;
  /** The class as `conv2d`. */
  readonly kind: string;
  readonly index: number;
}

/** A dataset and its names. */
export interface FoundWeight {
  readonly layer: string;
  readonly weight: string;
  readonly dataset: Dataset;
  /** For layers whose name the file does not tell; `layer` is then derived from the position. */
  readonly position?: LayerPosition;
}

/** Whether the object under a name in a group is a group. */
export function isGroup(entity: Entity | null): entity is Group {
  return entity !== null && "type" in entity && entity.type === "Group";
}

/** Whether the object under a name in a group is a dataset. */
export function isDataset(entity: Entity | null): entity is Dataset {
  return entity !== null && "type" in entity && entity.type === "Dataset";
}

/** The address of an object in its file: the same for all names of one object. */
export function addressOf(entity: Group | Dataset): bigint {
  const { ref_data: bytes } = entity.create_reference();
  return new DataView(Uint8Array.from(bytes).buffer).getBigUint64(0, true);
}

/**
 * Checks that the object under a name in a group is in this file.
 * @throws WeftError if it is a link that leads nowhere, or into another file
 */
export function requireInFile(entity: Entity | null, name: string, path: string): void {
  if (entity === null) return;
  if ("obj_path" in entity) {
    throw new WeftError(
      `${path}: ${name} is a link into another file (${entity.filename}); expected all data in one file`,
    );
  }
  if ("target" in entity) {
    throw new WeftError(`${path}: ${name} is a link to ${entity.target}, which cannot be followed`);
  }
}

/** Keras' longest attributes are descriptions of models, of about 2 MB. */
const MOST_ATTRIBUTE_BYTES = 64 * 2 ** 20;

/**
 * An attribute's value; undefined if there is no such attribute. Call it within `guard`.
 * @throws Error if its declared size exceeds that of any attribute of Keras
 */
export function attributeValue(attribute: Attribute | undefined): unknown {
  if (attribute === undefined) return undefined;
  const { size, total_size: elements } = attribute.metadata;
  const bytes = size * elements;
  if (!(bytes <= MOST_ATTRIBUTE_BYTES))
    throw new Error(`attribute ${attribute.name} would take ${bytes} bytes`);
  return attribute.value;
}

let library: ReturnType<typeof loadLibrary> | undefined;
let opened = 0;

async function loadLibrary() {
  const { ready, File } = await import("h5wasm");
  const module = await ready;
  // Without it the HDF5 library prints its stack on stderr and calls return null.
  module.activate_throwing_error_handler();
  return { module, File };
}

/** Loads the library when the first file is opened: some 0.2 s. */
export async function prepareHdf(): Promise<void> {
  library ??= loadLibrary();
  await library;
}

/**
 * Opens bytes as an HDF5 file for reading. The bytes are not copied.
 * @throws WeftError `path: …` if they are truncated or not HDF5
 */
export async function openHdf(bytes: Uint8Array, path: string): Promise<HdfSession> {
  const fault = faultOfSuperblock(bytes);
  if (fault !== undefined) throw new WeftError(`${path}: ${fault}`);
  library ??= loadLibrary();
  const { module, File } = await library;
  const name = `weft-${opened++}.h5`; // a name in h5wasm's own file system, which is memory
  const canOwn = true;
  module.FS.createDataFile("/", name, bytes, true, true, canOwn);

  const guard = <T>(what: string, action: () => T): T => {
    try {
      return action();
    } catch (thrown) {
      if (thrown instanceof WeftError) throw thrown;
      throw new WeftError(`${path}: ${what} cannot be read (${innermost(thrown)}). Is the file damaged?`);
    }
  };
  const rawBytes = (dataset: Dataset): Uint8Array => {
    const { size, total_size: elements } = dataset.metadata;
    const pointer = module._malloc(size * elements);
    if (pointer === 0) throw new Error(`no memory for its ${size * elements} bytes`);
    try {
      module.get_dataset_data(dataset.file_id, dataset.path, null, null, null, BigInt(pointer));
      return module.HEAPU8.slice(pointer, pointer + size * elements);
    } finally {
      module._free(pointer);
    }
  };
  try {
    const file = guard("this HDF5 file", () => new File(`/${name}`, "r"));
    const close = () => {
      try {
        file.close();
      } catch {
        // If the file is damaged, closing may fail; what it was read for has succeeded, or its fault is already being
        // thrown.
      }
      module.FS.unlink(`/${name}`);
    };
    return { file, guard, rawBytes, close };
  } catch (thrown) {
    module.FS.unlink(`/${name}`);
    throw thrown;
  }
}

/** What is wrong with the file, according to its first bytes. */
function faultOfSuperblock(bytes: Uint8Array): string | undefined {
  if (bytes.byteLength < 64 || SIGNATURE.some((byte, index) => bytes[index] !== byte)) {
    return `expected an HDF5 file but its ${bytes.byteLength} bytes do not begin as one`;
  }
  const version = bytes[8] ?? 0;
  const offsetBytes = bytes[version < 2 ? 13 : 9];
  if (offsetBytes !== 8) return undefined;
  const position = version < 2 ? 40 + (version === 1 ? 4 : 0) : 28;
  const end = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(position, true);
  if (BigInt(bytes.byteLength) >= end) return undefined;
  return `truncated: the HDF5 file has ${bytes.byteLength} bytes of ${end}. Copy or download it again`;
}

/** The innermost line of HDF5's error stack, which names the actual fault. */
function innermost(thrown: unknown): string {
  const lines = messageOf(thrown).split("\n");
  const deepest = lines.findLast((line) => /^\s*#\d+:/.test(line)) ?? lines[0] ?? "";
  return deepest.replace(/^.*?\(\): /, "").trim();
}
