// WebP (RFC 9649): reads the size in pixels from the first chunk, and the length that the RIFF header declares.

import { damaged, type ImageHeader, requirePixels, type SourceWindow, truncated } from "./image_source.ts";

const HEADER_BYTES = 30;
const RIFF = 0x52494646;
const WEBP = 0x57454250;
const LOSSY = 0x56503820; // "VP8 "
const LOSSLESS = 0x5650384c; // "VP8L"
const EXTENDED = 0x56503858; // "VP8X"
const LOSSY_START = 0x9d012a;
const LOSSLESS_SIGNATURE = 0x2f;
/** libwebp decodes into a frame and returns a copy, both with alpha. */
const DECODE_BYTES_PER_PIXEL = 9;

export function isWebp(head: Uint8Array): boolean {
  if (head.byteLength < 12) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return view.getUint32(0) === RIFF && view.getUint32(8) === WEBP;
}

/**
 * Reads the first chunk, and checks that the file has its declared length. In an animation the first chunk has the size
 * of the canvas.
 * @throws ImageFault if either fails
 */
export async function readWebp(window: SourceWindow): Promise<ImageHeader> {
  const view = await window.require(0, HEADER_BYTES);
  const [width, height] = sizeOf(view);
  requirePixels(width, height);
  const promised = view.getUint32(4, true) + 8;
  if (promised > window.bytes) {
    throw truncated(window.bytes, `though its header says ${promised.toLocaleString("en-US")}`);
  }
  return { format: "WebP", width, height, decodeBytes: width * height * DECODE_BYTES_PER_PIXEL };
}

function sizeOf(view: DataView): [number, number] {
  const uint24 = (at: number) => view.getUint16(at, true) + (view.getUint8(at + 2) << 16);
  switch (view.getUint32(12)) {
    case EXTENDED:
      return [uint24(24) + 1, uint24(27) + 1];
    case LOSSY:
      if ((view.getUint32(22) & 0xffffff) !== LOSSY_START) throw damaged("its VP8 frame has no start code");
      return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
    case LOSSLESS: {
      if (view.getUint8(20) !== LOSSLESS_SIGNATURE) throw damaged("its VP8L frame has no signature");
      const bits = view.getUint32(21, true);
      return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
    }
    default:
      throw damaged("its first chunk is none of VP8, VP8L and VP8X");
  }
}
