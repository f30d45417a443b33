// HDF5 files written in memory by h5wasm, as h5py writes them by default. The same content gives the same bytes,
// because no file contains a time.

import type { Group } from "h5wasm";

/** Keras' limit for a list in one attribute: 64 KB minus the rest of the object's header. */
const MOST_LIST_BYTES = 64512;
/** The memory that the library needs in addition to the tensors, with a margin. */
const ROOM_PER_TENSOR_BYTES = 4096;
/** The offset of the file's length in the first form of the superblock. */
const LENGTH_POSITION = 40;

/** A tensor to write: float32, or the 64-bit whole numbers of a counter. */
export interface HdfTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | BigInt64Array;
}

/** A group that is being written. */
export class HdfGroupWriter {
  constructor(private readonly group: Group) {}

  /** Makes a group in this one. */
  addGroup(name: string): HdfGroupWriter {
    return new HdfGroupWriter(this.group.create_group(name));
  }

  addTensor(name: string, { shape, values }: HdfTensor): void {
    const dtype = values instanceof Float32Array ? "<f" : "<q";
    this.group.create_dataset({ name, data: values, shape: [...shape], dtype });
  }

  setText(name: string, text: string): void {
    this.group.create_attribute(name, text);
  }

  /** A list attribute. As in Keras' files, a list that is too long is split into `name0`, `name1`, …. */
  setList(name: string, texts: readonly string[]): void {
    if (texts.length === 0) {
      this.group.create_attribute(name, new Float64Array(0), [0], "<d");
      return;
    }
    const pieces = cutList(texts);
    for (const [index, piece] of pieces.entries()) {
      this.group.create_attribute(pieces.length === 1 ? name : `${name}${index}`, [...piece]);
    }
  }
}

/**
 * Splits a list into as few pieces of nearly equal length as fit; each entry is counted with the length of the longest.
 */
function cutList(texts: readonly string[]): (readonly string[])[] {
  const encoder = new TextEncoder();
  const longest = Math.max(...texts.map((text) => encoder.encode(text).byteLength), 1);
  const count = Math.ceil(texts.length / Math.max(1, Math.floor(MOST_LIST_BYTES / longest)));
  const size = Math.floor(texts.length / count);
  const longer = texts.length % count; // this number of pieces has one entry more
  const start = (piece: number) => piece * size + Math.min(piece, longer);
  return Array.from({ length: count }, (_, piece) => texts.slice(start(piece), start(piece + 1)));
}

let written = 0;

/**
 * Writes a file.
 * @param tensorBytes the bytes of all tensors; memory for them is allocated at once
 * @param tensors how many there will be
 * @param build adds the content to the root group
 */
export async function writeHdf(
  { tensorBytes, tensors }: { readonly tensorBytes: number; readonly tensors: number },
  build: (root: HdfGroupWriter) => void,
): Promise<Uint8Array> {
  const { ready, File } = await import("h5wasm");
  const module = await ready;
  module.activate_throwing_error_handler(); // otherwise calls print the library's stack and return null
  const path = `/weft-written-${written++}.h5`; // in h5wasm's own file system, which is memory
  const now = Date.now;
  try {
    Date.now = () => 0; // otherwise HDF5 stores a time in every dataset
    const file = new File(path, "w", { libver: ["earliest", "latest"] });
    try {
      module.FS.truncate(path, tensorBytes + (tensors + 1) * ROOM_PER_TENSOR_BYTES);
      build(new HdfGroupWriter(file));
    } finally {
      file.close();
    }
    // The node's own bytes if it has them, as in Emscripten's MEMFS, without a copy of hundreds of megabytes.
    const { contents } = module.FS.lookupPath(path, {}).node;
    return withoutRoom(contents instanceof Uint8Array ? contents : module.FS.readFile(path));
  } finally {
    Date.now = now;
    module.FS.unlink(path);
  }
}

/** The file, with the length that its superblock declares. */
function withoutRoom(bytes: Uint8Array): Uint8Array {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(LENGTH_POSITION, true);
  return bytes.subarray(0, Number(length));
}
