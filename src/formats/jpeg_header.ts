// JPEG (ITU-T T.81): reads the markers up to the first scan, and searches for the marker that ends the picture.

import {
  damaged,
  ImageFault,
  type ImageHeader,
  requirePixels,
  type SourceWindow,
  streamedBytes,
  truncated,
} from "./image_source.ts";

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const COMPONENT_BYTES = 3;
const COEFFICIENT_BYTES = 2;
/** Lossless and hierarchical processes, which hardly any decoder supports. */
const UNUSUAL_FRAMES = new Set([0xc3, 0xc5, 0xc6, 0xc7, 0xcb, 0xcd, 0xce, 0xcf]);
const PROGRESSIVE_FRAMES = new Set([0xc2, 0xca]);
/** No camera or program writes a file with more segments before its picture. */
const MOST_SEGMENTS = 10_000;
/** Cameras and programs put little or nothing after the end marker; longer data is searched. */
const TAIL_BYTES = 4096;

export const isJpeg = (head: Uint8Array): boolean => head[0] === 0xff && head[1] === SOI;

/** A frame's header. */
interface Frame {
  width: number;
  height: number;
  components: number;
  isProgressive: boolean;
  /** Samples of all components, before they are scaled to one size. */
  samples: number;
}

/** A segment: its marker, and the offset and length of its content after the length field. */
interface Segment {
  marker: number;
  at: number;
  bytes: number;
}

const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
const isStandalone = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= EOI);

/** The next marker from `at` on; bytes that do not begin with FF are skipped, as decoders do. */
async function nextSegment(window: SourceWindow, at: number): Promise<Segment> {
  for (let from = at; ; ) {
    const rest = await window.readOn(from);
    if (rest.byteLength < 2) throw truncated(window.bytes, "before its picture begins");
    const found = rest.indexOf(0xff);
    if (found < 0) {
      from += rest.byteLength;
      continue;
    }
    from += found;
    const marker = (await window.require(from, 2)).getUint8(1);
    if (marker === 0xff || marker === 0) {
      from++;
      continue;
    }
    if (isStandalone(marker)) return { marker, at: from + 2, bytes: 0 };
    const bytes = (await window.require(from + 2, 2)).getUint16(0) - 2;
    if (bytes < 0) throw damaged("a segment of its header has no length");
    return { marker, at: from + 4, bytes };
  }
}

async function readFrame(window: SourceWindow, { marker, at }: Segment): Promise<Frame> {
  const fixed = await window.require(at, 6);
  const [bits, height, width] = [fixed.getUint8(0), fixed.getUint16(1), fixed.getUint16(3)];
  const components = fixed.getUint8(5);
  requirePixels(width, height);
  const isUnusual = UNUSUAL_FRAMES.has(marker);
  if (isUnusual || bits !== 8) {
    const what = isUnusual ? "a lossless or hierarchical JPEG" : `a JPEG of ${bits} bits a channel`;
    throw new ImageFault("foreign", `it is ${what}; convert it to PNG or to a usual JPEG`);
  }
  const list = await window.require(at + 6, components * COMPONENT_BYTES);
  const factors = Array.from({ length: components }, (_, i) => {
    const factor = list.getUint8(i * COMPONENT_BYTES + 1);
    return [factor >> 4, factor & 15] as const;
  });
  const across = Math.max(1, ...factors.map(([x]) => x));
  const down = Math.max(1, ...factors.map(([, y]) => y));
  const share = factors.reduce((sum, [x, y]) => sum + (x * y) / (across * down), 0);
  const samples = Math.ceil(width * height * share);
  return { width, height, components, samples, isProgressive: PROGRESSIVE_FRAMES.has(marker) };
}

function headerOf({ width, height, components, samples }: Frame, isStreamed: boolean): ImageHeader {
  const decodeBytes =
    streamedBytes(width, height, components) + (isStreamed ? 0 : samples * COEFFICIENT_BYTES);
  return { format: "JPEG", width, height, decodeBytes };
}

/**
 * Reads the markers up to the first scan, and searches for the end of the picture.
 * @throws ImageFault if either fails
 */
export async function readJpeg(window: SourceWindow): Promise<ImageHeader> {
  let frame: Frame | undefined;
  let at = 2;
  for (let i = 0; i < MOST_SEGMENTS; i++) {
    const segment = await nextSegment(window, at);
    const { marker, bytes } = segment;
    if (marker === SOI) throw damaged("a second picture begins within its header");
    if (marker === EOI) throw damaged("it ends before its picture begins");
    if (isFrame(marker)) {
      if (frame) throw damaged("it has two frames");
      frame = await readFrame(window, segment);
    }
    if (marker === SOS) {
      if (!frame) throw damaged("its picture has no frame header");
      // If there are several scans, progressive or not, their coefficients are collected in memory.
      const isOneScan = (await window.require(segment.at, 1)).getUint8(0) >= frame.components;
      await requireEnd(window, segment);
      return headerOf(frame, isOneScan && !frame.isProgressive);
    }
    at = segment.at + bytes;
  }
  throw damaged(`it has more than ${MOST_SEGMENTS} segments before its picture`);
}

function hasEndMarker(bytes: Uint8Array): boolean {
  for (let at = bytes.lastIndexOf(EOI); at > 0; at = bytes.lastIndexOf(EOI, at - 1)) {
    if (bytes[at - 1] === 0xff) return true;
  }
  return false;
}

/**
 * Searches for the end marker after the given start of the first scan: first in the last bytes; if something longer
 * follows the picture (a motion photo's video), by walking through the whole file.
 * @throws ImageFault if there is none
 */
async function requireEnd(window: SourceWindow, scan: Segment): Promise<void> {
  const tail = Math.max(scan.at, window.bytes - TAIL_BYTES);
  if (hasEndMarker(await window.read(tail, TAIL_BYTES))) return;
  let segment = scan;
  while (segment.marker !== EOI) {
    try {
      segment = await nextSegment(window, segment.at + segment.bytes);
    } catch (thrown) {
      if (thrown instanceof ImageFault) throw truncated(window.bytes, "before the end of its picture");
      throw thrown;
    }
  }
}
