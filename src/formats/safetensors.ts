// safetensors files, https://huggingface.co/docs/safetensors: 8 bytes little-endian length of a JSON
// header, the header, then the tensors' bytes (little-endian, row-major) without gaps.

import { WeftError } from "../base/errors.ts";
import { excerptOf, faultOfDepth, outlineJson } from "./json_text.ts";
import { shortName } from "./weight_names.ts";

// On a big-endian host typed arrays would read swapped values; no platform with WebGPU is big-endian.
const ELEMENT_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const;

/** Element types as the format names them. */
export type SafetensorsDtype = keyof typeof ELEMENT_BYTES;

/** Elements as they are stored: F16 and BF16 as their bits in a Uint16Array, BOOL as bytes. */
export type TensorData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** A tensor of a file, row-major. */
export interface StoredTensor {
  dtype: SafetensorsDtype;
  shape: readonly number[];
  data: TensorData;
}

/** The content of a file; tensors are in the order of the header. */
export interface SafetensorsFile {
  metadata: Record<string, string>;
  tensors: Map<string, StoredTensor>;
}

const HEADER_ALIGNMENT_BYTES = 8;
/** A header needs about 120 bytes per tensor of a network. */
const MOST_HEADER_BYTES = 8 * 2 ** 20;
/** The levels of nesting: the header, a tensor's entry, its shape. */
const DEEPEST_HEADER = 3;
/** numpy has no more. */
const MOST_DIMENSIONS = 64;
const METADATA = "__metadata__";

function isDtype(name: unknown): name is SafetensorsDtype {
  return typeof name === "string" && Object.hasOwn(ELEMENT_BYTES, name);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((entry) => Number.isSafeInteger(entry) && entry >= 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function viewOf(bytes: Uint8Array, dtype: SafetensorsDtype): TensorData {
  const size = ELEMENT_BYTES[dtype];
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const args = [aligned.buffer, aligned.byteOffset, aligned.byteLength / size] as const;
  switch (dtype) {
    case "F64":
      return new Float64Array(...args);
    case "F32":
      return new Float32Array(...args);
    case "I64":
      return new BigInt64Array(...args);
    case "U64":
      return new BigUint64Array(...args);
    case "I32":
      return new Int32Array(...args);
    case "U32":
      return new Uint32Array(...args);
    case "I16":
      return new Int16Array(...args);
    case "F16":
    case "BF16":
    case "U16":
      return new Uint16Array(...args);
    case "I8":
      return new Int8Array(...args);
    case "U8":
    case "BOOL":
      return new Uint8Array(...args);
    default:
      return dtype satisfies never;
  }
}

function parseHeader(bytes: Uint8Array, path: string): { header: Record<string, unknown>; start: number } {
  if (bytes.byteLength < 8) {
    throw new WeftError(`${path}: expected a safetensors file but it has only ${bytes.byteLength} bytes`);
  }
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > bytes.byteLength - 8) {
    throw new WeftError(
      `${path}: not a safetensors file, or truncated: a header of ${length} bytes is announced in a file of ${bytes.byteLength}`,
    );
  }
  if (length > MOST_HEADER_BYTES) {
    throw new WeftError(`${path}: a header of ${length} bytes; expected up to ${MOST_HEADER_BYTES}`);
  }
  const header = parseJson(bytes.subarray(8, 8 + length), path);
  if (!isRecord(header))
    throw new WeftError(`${path}: not a safetensors file: its header is not a JSON object`);
  return { header, start: 8 + length };
}

/** @throws WeftError if the header is too deep or contains a name twice */
function parseJson(bytes: Uint8Array, path: string): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
  const outline = outlineJson(text);
  const fault = faultOfDepth(outline, DEEPEST_HEADER);
  if (fault !== undefined) throw new WeftError(`${path}: corrupt header: ${fault}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const met = new Set<string>();
  for (const key of outline.keys) {
    if (met.has(key)) throw new WeftError(`${path}: corrupt header: ${shortName(key)} is in it twice`);
    met.add(key);
  }
  return parsed;
}

/** @throws WeftError if it is not a JSON object of strings */
function readMetadata(entry: unknown, path: string): Record<string, string> {
  if (!isRecord(entry)) {
    throw new WeftError(`${path}: ${METADATA} is ${excerptOf(entry)}; expected a JSON object of text`);
  }
  // Not by assignment: a key may be `__proto__`.
  return Object.fromEntries(
    Object.entries(entry).map(([key, value]) => {
      if (typeof value === "string") return [key, value];
      throw new WeftError(
        `${path}: ${METADATA} has ${excerptOf(value)} under ${shortName(key)}; expected text`,
      );
    }),
  );
}

/** A tensor and its own bytes of the data. */
interface PlacedTensor {
  readonly name: string;
  readonly tensor: StoredTensor;
  readonly begin: number;
  readonly end: number;
}

function readTensor(body: Uint8Array, entry: unknown, name: string, path: string): PlacedTensor {
  const where = `${path}: tensor ${shortName(name)}`;
  if (!isRecord(entry) || !isCounts(entry.shape) || !isCounts(entry.data_offsets)) {
    throw new WeftError(`${where} has a corrupt header entry: ${excerptOf(entry)}`);
  }
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDtype(dtype)) {
    throw new WeftError(
      `${where} has the element type ${excerptOf(dtype)}; expected one of ${Object.keys(ELEMENT_BYTES).join(", ")}`,
    );
  }
  if (shape.length > MOST_DIMENSIONS) {
    throw new WeftError(`${where} has ${shape.length} dimensions; expected up to ${MOST_DIMENSIONS}`);
  }
  const [begin = 0, end = 0] = offsets;
  const size = shape.reduce((product, extent) => product * extent, ELEMENT_BYTES[dtype]);
  if (offsets.length !== 2 || end - begin !== size) {
    throw new WeftError(
      `${where}: ${dtype} [${shape}] takes ${size} bytes but the header gives it ${end - begin}`,
    );
  }
  if (end > body.byteLength) {
    throw new WeftError(
      `${where} is cut off: it ends at byte ${end} of the data but there are ${body.byteLength}. Is the file complete?`,
    );
  }
  return { name, tensor: { dtype, shape, data: viewOf(body.subarray(begin, end), dtype) }, begin, end };
}

/** Tensors fill the data without gaps and without overlaps, whatever their order in the header is. */
function requireTiling(placed: readonly PlacedTensor[], dataBytes: number, path: string): void {
  let filled = 0;
  for (const { name, begin, end } of placed.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== filled) {
      const fault = begin < filled ? "shares bytes with another" : `leaves ${begin - filled} bytes before it`;
      throw new WeftError(
        `${path}: corrupt header: tensor ${shortName(name)}, at byte ${begin} of the data, ${fault}`,
      );
    }
    filled = end;
  }
  if (filled !== dataBytes) {
    throw new WeftError(`${path}: ${dataBytes - filled} bytes after the last tensor belong to none`);
  }
}

/**
 * Reads a file. Tensors are views of `bytes` if their alignment allows it.
 * @param path named in messages
 * @throws WeftError naming the file and the tensor if the file is truncated or corrupt
 */
export function readSafetensors(bytes: Uint8Array, path: string): SafetensorsFile {
  const { header, start } = parseHeader(bytes, path);
  const body = bytes.subarray(start);
  const metadata = Object.hasOwn(header, METADATA) ? readMetadata(header[METADATA], path) : {};
  const placed: PlacedTensor[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name !== METADATA) placed.push(readTensor(body, entry, name, path));
  }
  requireTiling(placed, body.byteLength, path);
  return { metadata, tensors: new Map(placed.map(({ name, tensor }) => [name, tensor])) };
}

/**
 * The pieces of a file in order: the header, then each tensor's own bytes, not copied. The same arguments give the same
 * bytes: tensors stay in the given order, metadata keys are sorted.
 * @throws RangeError if a tensor's data does not fit its dtype and shape
 */
export function safetensorsPieces(
  tensors: Iterable<readonly [string, StoredTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const header = new Map<string, unknown>(); // not an object: a tensor may be called `__proto__`
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0) header.set(METADATA, Object.fromEntries(keys.map((key) => [key, metadata[key]])));
  const pieces: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    const size = shape.reduce((product, extent) => product * extent, ELEMENT_BYTES[dtype]);
    if (data.byteLength !== size) {
      throw new RangeError(
        `tensor ${name}: ${dtype} [${shape}] takes ${size} bytes but its data has ${data.byteLength}`,
      );
    }
    if (header.has(name)) throw new RangeError(`tensor ${name} is given twice`);
    header.set(name, { dtype, shape, data_offsets: [offset, offset + size] });
    pieces.push(new Uint8Array(data.buffer, data.byteOffset, size));
    offset += size;
  }
  return [encodeHeader(header), ...pieces];
}

function encodeHeader(header: ReadonlyMap<string, unknown>): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const length = Math.ceil(json.byteLength / HEADER_ALIGNMENT_BYTES) * HEADER_ALIGNMENT_BYTES;
  const bytes = new Uint8Array(8 + length).fill(0x20); // padded with spaces, as the format asks
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
}

/** The whole file in one array; `safetensorsPieces` needs no second copy of the tensors. */
export function writeSafetensors(
  tensors: Iterable<readonly [string, StoredTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const pieces = safetensorsPieces(tensors, metadata);
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.byteLength;
  }
  return bytes;
}

/** A float32 tensor to write. */
export function float32Tensor(data: Float32Array, shape: readonly number[]): StoredTensor {
  return { dtype: "F32", shape, data };
}
