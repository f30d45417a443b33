// Zip archives, read through the directory at their end, so that a stored file is a view of the archive's bytes: a
// `.keras` file holds hundreds of megabytes. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT

import { inflateSync } from "fflate";
import { messageOf, WeftError } from "../base/errors.ts";
import { shortName } from "./weight_names.ts";

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const MOST_COMMENT_BYTES = 0xffff;
const STORED = 0;
const DEFLATED = 8;
/** Deflate packs at most 258 bytes into two bits. */
const MOST_INFLATION = 1032;
const ZIP64 = 0xffffffff;

/** A file in an archive, not read yet. */
interface ZipEntry {
  readonly method: number;
  readonly checksum: number;
  readonly packedBytes: number;
  readonly bytes: number;
  /** Offset of its local header. */
  readonly offset: number;
}

/** An archive's directory. */
export interface ZipArchive {
  readonly names: readonly string[];
  /**
   * A file's content: a view of the archive if it is not compressed.
   * @param mostBytes the limit of its unpacked size
   * @throws WeftError `path: …` if there is no such file, or it is truncated, damaged, or too large
   */
  read(name: string, mostBytes?: number): Uint8Array;
}

/** Whether bytes begin as a zip archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/**
 * Reads an archive's directory.
 * @param bytes the whole archive, not copied
 * @throws WeftError `path: …` if it is not a zip archive, is truncated or damaged
 */
export function openZip(bytes: Uint8Array, path: string): ZipArchive {
  if (!isZip(bytes)) {
    throw new WeftError(
      `${path}: expected a zip archive but its ${bytes.byteLength} bytes do not begin as one`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = listEntries(bytes, view, path);
  return {
    names: [...entries.keys()],
    read: (name, mostBytes = Number.POSITIVE_INFINITY) => {
      const entry = entries.get(name);
      if (!entry) {
        throw new WeftError(
          `${path}: no ${name} in this archive; it holds ${listNames([...entries.keys()])}`,
        );
      }
      if (entry.bytes > mostBytes) {
        throw new WeftError(
          `${path}: ${name} in this archive would take ${entry.bytes} bytes unpacked; expected up to ${mostBytes}`,
        );
      }
      return readEntry(bytes, view, entry, `${path}: ${name} in this archive`);
    },
  };
}

const NAMES_SHOWN = 8;

/** The names in an archive, for a message. */
export function listNames(names: readonly string[]): string {
  if (names.length === 0) return "nothing";
  const shown = names.slice(0, NAMES_SHOWN).map(shortName).join(", ");
  return names.length > NAMES_SHOWN ? `${shown} and ${names.length - NAMES_SHOWN} more` : shown;
}

function listEntries(bytes: Uint8Array, view: DataView, path: string): Map<string, ZipEntry> {
  const end = findEnd(view);
  if (end === undefined) {
    throw new WeftError(
      `${path}: truncated: a zip archive of ${bytes.byteLength} bytes without its directory. Copy or download it again`,
    );
  }
  const entries = new Map<string, ZipEntry>();
  const count = view.getUint16(end + 10, true);
  let position = view.getUint32(end + 16, true);
  if (position === ZIP64)
    throw new WeftError(`${path}: a zip archive of more than 4 GB; weft reads smaller ones`);
  for (let index = 0; index < count; index++) {
    if (position + ENTRY_BYTES > end || view.getUint32(position, true) !== ENTRY_SIGNATURE) {
      throw new WeftError(`${path}: damaged: the directory of this zip archive cannot be read`);
    }
    const nameBytes = view.getUint16(position + 28, true);
    const start = position + ENTRY_BYTES;
    entries.set(new TextDecoder().decode(bytes.subarray(start, start + nameBytes)), {
      method: view.getUint16(position + 10, true),
      checksum: view.getUint32(position + 16, true),
      packedBytes: view.getUint32(position + 20, true),
      bytes: view.getUint32(position + 24, true),
      offset: view.getUint32(position + 42, true),
    });
    position = start + nameBytes + view.getUint16(position + 30, true) + view.getUint16(position + 32, true);
  }
  return entries;
}

function findEnd(view: DataView): number | undefined {
  const last = view.byteLength - END_BYTES;
  for (let position = last; position >= Math.max(0, last - MOST_COMMENT_BYTES); position--) {
    if (view.getUint32(position, true) === END_SIGNATURE) return position;
  }
  return undefined;
}

function readEntry(bytes: Uint8Array, view: DataView, entry: ZipEntry, where: string): Uint8Array {
  const { offset, packedBytes, method } = entry;
  if (offset + LOCAL_BYTES > bytes.byteLength || view.getUint32(offset, true) !== LOCAL_SIGNATURE) {
    throw new WeftError(`${where} is damaged: it does not begin where the directory says`);
  }
  const start = offset + LOCAL_BYTES + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + packedBytes > bytes.byteLength) throw new WeftError(`${where} is cut off`);
  const content = unpack(bytes.subarray(start, start + packedBytes), entry, where, method);
  if (content.byteLength !== entry.bytes || checksumOf(content) !== entry.checksum) {
    throw new WeftError(`${where} is damaged: its checksum differs. Copy or download it again`);
  }
  return content;
}

function unpack(packed: Uint8Array, { bytes }: ZipEntry, where: string, method: number): Uint8Array {
  if (method === STORED) return packed;
  if (bytes > MOST_INFLATION * packed.byteLength) {
    throw new WeftError(`${where} is damaged: ${packed.byteLength} bytes cannot hold its ${bytes}`);
  }
  if (method !== DEFLATED) {
    throw new WeftError(`${where} is compressed by method ${method}; expected none or deflate`);
  }
  try {
    return inflateSync(packed, { out: new Uint8Array(bytes) });
  } catch (thrown) {
    throw new WeftError(`${where} is damaged: it cannot be inflated (${messageOf(thrown)})`);
  }
}

const CHECKSUM_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32, as zip defines it. */
function checksumOf(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    value = (value >>> 8) ^ (CHECKSUM_TABLE[(value ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
  }
  return ~value >>> 0;
}
