// HDF5 files written in memory by h5wasm, as h5py writes them by default. The same content gives the same
// bytes: no file holds a time.

import type { Group } from "h5wasm";

/** Keras' limit for a list in one attribute: 64 KB less what the object's header needs besides. */
const MOST_LIST_BYTES = 64512;
/** What the library keeps beside the tensors, with room to spare. */
const ROOM_PER_TENSOR_BYTES = 4096;
/** Where the first form of the superblock has the length of the file. */
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

  /** A list attribute. As in Keras' files one that is too long is cut into `name0`, `name1`, …. */
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

/** Cuts a list into as few pieces of nearly one length as fit, each entry counted as long as the longest. */
function cutList(texts: readonly string[]): (readonly string[])[] {
  const encoder = new TextEncoder();
  const longest = Math.max(...texts.map((text) => encoder.encode(text).byteLength), 1);
  const count = Math.ceil(texts.length / Math.max(1, Math.floor(MOST_LIST_BYTES / longest)));
  const size = Math.floor(texts.length / count);
  const longer = texts.length % count; // so many pieces have one entry more
  const start = (piece: number) => piece * size + Math.min(piece, longer);
  return Array.from({ length: count }, (_, piece) => texts.slice(start(piece), start(piece + 1)));
}

let written = 0;

/**
 * Writes a file.
 * @param tensorBytes the bytes of all tensors, for which room is made at once
 * @param tensors how many there will be
 * @param build adds the content to the root group
 */
export async function writeHdf(
  { tensorBytes, tensors }: { readonly tensorBytes: number; readonly tensors: number },
  build: (root: HdfGroupWriter) => void,
): Promise<Uint8Array> {
  const { ready, File } = await import("h5wasm");
  const module = await ready;
  module.activate_throwing_error_handler(); // else calls print the library's stack and return null
  const path = `/weft-written-${written++}.h5`; // in h5wasm's own file system, which is memory
  const now = Date.now;
  try {
    Date.now = () => 0; // HDF5 stamps every dataset with the time
    const file = new File(path, "w", { libver: ["earliest", "latest"] });
    try {
      module.FS.truncate(path, tensorBytes + (tensors + 1) * ROOM_PER_TENSOR_BYTES);
      build(new HdfGroupWriter(file));
    } finally {
      file.close();
    }
    // The node's own bytes where it has them, as in Emscripten's MEMFS: no copy of hundreds of megabytes.
    const { contents } = module.FS.lookupPath(path, {}).node;
    return withoutRoom(contents instanceof Uint8Array ? contents : module.FS.readFile(path));
  } finally {
    Date.now = now;
    module.FS.unlink(path);
  }
}

/** The file as long as it says that it is. */
function withoutRoom(bytes: Uint8Array): Uint8Array {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(LENGTH_POSITION, true);
  return bytes.subarray(0, Number(length));
}
