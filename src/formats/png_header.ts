// PNG (W3C, third edition): reads the IHDR chunk, and searches for the IEND chunk.

import {
  damaged,
  ImageFault,
  type ImageHeader,
  requirePixels,
  type SourceWindow,
  streamedBytes,
  truncated,
} from "./image_source.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const HEADER_BYTES = 33;
const IHDR = 0x49484452;
const CGBI = 0x43674249;
const IEND = 0x49454e44;
const IEND_CHUNK = Uint8Array.of(0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82);
/** Length, name and CRC. */
const CHUNK_FRAME_BYTES = 12;
const TAIL_BYTES = 4096;

/** Bit depths of each colour type, and its channels as decoded: palettes become RGB, transparency an alpha channel. */
const COLOUR_TYPES: Record<number, { depths: readonly number[]; channels: number }> = {
  0: { depths: [1, 2, 4, 8, 16], channels: 2 },
  2: { depths: [8, 16], channels: 4 },
  3: { depths: [1, 2, 4, 8], channels: 4 },
  4: { depths: [8, 16], channels: 2 },
  6: { depths: [8, 16], channels: 4 },
};

export const isPng = (head: Uint8Array): boolean => SIGNATURE.every((byte, i) => head[i] === byte);

/** CRC-32 (ISO 3309), bit by bit, because it covers only 17 bytes. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * Reads the IHDR chunk, and searches for the end of the picture.
 * @throws ImageFault if either fails
 */
export async function readPng(window: SourceWindow): Promise<ImageHeader> {
  const view = await window.require(0, HEADER_BYTES);
  if (view.getUint32(12) === CGBI) {
    throw new ImageFault("foreign", "it is a PNG in Apple's form for iOS (CgBI); convert it to a usual PNG");
  }
  if (view.getUint32(8) !== 13 || view.getUint32(12) !== IHDR) throw damaged("it does not begin with IHDR");
  if (crc32(new Uint8Array(view.buffer, view.byteOffset + 12, 17)) !== view.getUint32(29)) {
    throw damaged("the checksum of its header (IHDR) is wrong");
  }
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, colourType, interlace] = [view.getUint8(24), view.getUint8(25), view.getUint8(28)];
  requirePixels(width, height);
  const type = COLOUR_TYPES[colourType];
  if (!type?.depths.includes(depth) || interlace > 1) {
    throw damaged(`its header says colour type ${colourType} of ${depth} bits, interlace ${interlace}`);
  }
  const bytesPerPixel = type.channels * (depth === 16 ? 2 : 1);
  const decodeBytes =
    interlace === 1 ? width * height * bytesPerPixel : streamedBytes(width, height, bytesPerPixel);
  await requireEnd(window);
  return { format: "PNG", width, height, decodeBytes };
}

function endsIn(tail: Uint8Array, chunk: Uint8Array): boolean {
  for (let at = tail.byteLength - chunk.byteLength; at >= 0; at--) {
    if (chunk.every((byte, i) => tail[at + i] === byte)) return true;
  }
  return false;
}

/**
 * Searches for the IEND chunk: first in the last bytes; if something longer follows it, by walking from chunk to chunk.
 * @throws ImageFault if there is none
 */
async function requireEnd(window: SourceWindow): Promise<void> {
  if (endsIn(await window.read(Math.max(0, window.bytes - TAIL_BYTES), TAIL_BYTES), IEND_CHUNK)) return;
  for (let at = SIGNATURE.length; at + CHUNK_FRAME_BYTES <= window.bytes; ) {
    const chunk = await window.require(at, 8);
    if (chunk.getUint32(4) === IEND) return;
    at += chunk.getUint32(0) + CHUNK_FRAME_BYTES;
  }
  throw truncated(window.bytes, "before the end of its picture");
}
