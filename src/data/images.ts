// The seam between the data layer and a platform's image decoder, and bilinear enlarging as it is meant:
// the reference for platforms, and for those that have nothing of their own.

import type { Remedy } from "../base/remedies.ts";
import { ImageFault, type ImageHeader } from "../formats/image_source.ts";

/** Decodes JPEG, PNG and WebP files to what a network sees. */
export interface ImageDecoder {
  /**
   * Decodes, applies the EXIF orientation, resizes to width x height without keeping the aspect ratio
   * (bilinear with pixel centres at .5; antialiased when shrinking) and converts to 8-bit sRGB, transparent
   * parts on white. Runs off the main thread where the platform can.
   * @param image a path, or the file's bytes
   * @returns [height, width, 3] bytes
   * @throws WeftError `path: …` if the file is missing, truncated or not an image
   */
  decode(image: string | Uint8Array, width: number, height: number): Promise<Uint8Array>;
}

/** Larger images are refused from their header: a decode may need gigabytes for them. */
export const DEFAULT_MAX_PIXELS = 100e6;

/** Looks at image files without decoding them. */
export interface ImageInspector {
  /** The most pixels that an image may have. */
  readonly maxPixels: number;
  /**
   * Reads the header and looks for the end of the file.
   * @throws ImageFault `path: …` if the file is missing, is no regular file, is truncated, has more pixels
   *   than allowed or is no JPEG, PNG or WebP image by its content
   */
  inspect(path: string): Promise<ImageHeader>;
  /** Takes in what an earlier `inspect` of the file found, so that decoding it need not look again. */
  trust(path: string, header: ImageHeader): void;
}

/** @throws ImageFault without a path where the image has more than `maxPixels` pixels */
export function requireMostPixels({ width, height }: ImageHeader, maxPixels: number): void {
  const pixels = width * height;
  if (pixels <= maxPixels) return;
  const isRound = maxPixels % 1e6 === 0;
  const most = isRound ? `${maxPixels / 1e6} megapixels` : `${maxPixels.toLocaleString("en-US")} pixels`;
  throw new ImageFault(
    "large",
    `${width} x ${height} are ${pixels.toLocaleString("en-US")} pixels; more than ${most} are refused`,
    { remedy: LARGER_IMAGES },
  );
}

/** What can be done about images that are larger than allowed. */
export const LARGER_IMAGES: Remedy = [{ kind: "set", option: "maxPixels", purpose: "to allow more" }];

interface Taps {
  lower: Int32Array;
  upper: Int32Array;
  weight: Float32Array;
}

/** For each target index the two source indices beside it and the weight of the upper one. */
function tapsOf(source: number, target: number): Taps {
  const taps = {
    lower: new Int32Array(target),
    upper: new Int32Array(target),
    weight: new Float32Array(target),
  };
  for (let i = 0; i < target; i++) {
    const centre = Math.min(source - 1, Math.max(0, ((i + 0.5) * source) / target - 0.5));
    const lower = Math.floor(centre);
    taps.lower[i] = lower;
    taps.upper[i] = Math.min(source - 1, lower + 1);
    taps.weight[i] = centre - lower;
  }
  return taps;
}

/**
 * Enlarges RGB bytes [height, width, 3] bilinearly to [toHeight, toWidth, 3], edges repeated, as PIL's
 * BILINEAR does when enlarging. Either side may stay as it is; none may shrink.
 */
export function enlargeBilinear(
  rgb: Uint8Array,
  [width, height]: readonly [number, number],
  [toWidth, toHeight]: readonly [number, number],
): Uint8Array {
  if (toWidth < width || toHeight < height) {
    throw new RangeError(`enlargeBilinear: ${width} x ${height} to ${toWidth} x ${toHeight} shrinks`);
  }
  const across = tapsOf(width, toWidth);
  const wide = new Float32Array(height * toWidth * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < toWidth; x++) {
      const left = (y * width + (across.lower[x] ?? 0)) * 3;
      const right = (y * width + (across.upper[x] ?? 0)) * 3;
      const weight = across.weight[x] ?? 0;
      for (let c = 0; c < 3; c++) {
        const value = rgb[left + c] ?? 0;
        wide[at++] = value + weight * ((rgb[right + c] ?? 0) - value);
      }
    }
  }
  const down = tapsOf(height, toHeight);
  const rowLength = toWidth * 3;
  const out = new Uint8Array(toHeight * rowLength);
  for (let y = 0, at = 0; y < toHeight; y++) {
    const above = (down.lower[y] ?? 0) * rowLength;
    const below = (down.upper[y] ?? 0) * rowLength;
    const weight = down.weight[y] ?? 0;
    for (let i = 0; i < rowLength; i++) {
      const value = wide[above + i] ?? 0;
      out[at++] = Math.round(value + weight * ((wide[below + i] ?? 0) - value));
    }
  }
  return out;
}
