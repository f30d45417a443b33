// An HDF5 file held in memory, opened by h5wasm in Node and in browsers, with faults as one line.
// https://docs.hdfgroup.org/hdf5/v1_14/_f_m_t3.html describes the superblock.

import type { Attribute, Dataset, Entity, Group, File as HdfFile } from "h5wasm";
import { messageOf, WeftError } from "../base/errors.ts";

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** An open file. */
export interface HdfSession {
  file: HdfFile;
  /** Runs an action on the file; what h5wasm throws becomes `path: WHAT cannot be read (…)`. */
  guard<T>(what: string, action: () => T): T;
  /** The bytes of a dataset's elements, for types of which h5wasm makes no array; call it within `guard`. */
  rawBytes(dataset: Dataset): Uint8Array;
  close(): void;
}

export type { Dataset as HdfDataset, Group as HdfGroup } from "h5wasm";

/** Where a layer stands in a file that does not name its layers: the how-manieth of its class. */
export interface LayerPosition {
  /** Distinguishes the models nested in a file. */
  readonly model: string;
  /** The class as `conv2d`. */
  readonly kind: string;
  readonly index: number;
}

/** A dataset and the names it goes by. */
export interface FoundWeight {
  readonly layer: string;
  readonly weight: string;
  readonly dataset: Dataset;
  /** Of layers whose name the file does not tell; `layer` says where it stands. */
  readonly position?: LayerPosition;
}

/** Whether what a group holds under a name is a group. */
export function isGroup(entity: Entity | null): entity is Group {
  return entity !== null && "type" in entity && entity.type === "Group";
}

/** Whether what a group holds under a name is a dataset. */
export function isDataset(entity: Entity | null): entity is Dataset {
  return entity !== null && "type" in entity && entity.type === "Dataset";
}

/** Where an object lies in its file: the same for all names of one object. */
export function addressOf(entity: Group | Dataset): bigint {
  const { ref_data: bytes } = entity.create_reference();
  return new DataView(Uint8Array.from(bytes).buffer).getBigUint64(0, true);
}

/**
 * Checks that what a group holds under a name is not elsewhere.
 * @throws WeftError where it is a link that leads nowhere, or into another file
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

/** Keras' longest are descriptions of models, of about 2 MB. */
const MOST_ATTRIBUTE_BYTES = 64 * 2 ** 20;

/**
 * An attribute's value; undefined where there is no such attribute. Call it within `guard`.
 * @throws Error where it says that it takes more memory than any attribute of Keras
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

/** Loads the library, which the first file needs: some 0.2 s. */
export async function prepareHdf(): Promise<void> {
  library ??= loadLibrary();
  await library;
}

/**
 * Opens bytes as an HDF5 file for reading. The bytes are not copied.
 * @throws WeftError `path: …` where they are truncated or something else
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
        // Of a damaged file; what it was read for has succeeded, or its fault is on its way.
      }
      module.FS.unlink(`/${name}`);
    };
    return { file, guard, rawBytes, close };
  } catch (thrown) {
    module.FS.unlink(`/${name}`);
    throw thrown;
  }
}

/** What the first bytes say is wrong with the file. */
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

/** The deepest line of HDF5's error stack, which says what really went wrong. */
function innermost(thrown: unknown): string {
  const lines = messageOf(thrown).split("\n");
  const deepest = lines.findLast((line) => /^\s*#\d+:/.test(line)) ?? lines[0] ?? "";
  return deepest.replace(/^.*?\(\): /, "").trim();
}
