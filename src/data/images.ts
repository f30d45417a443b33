// The seam between the data layer and a platform's image decoder, and the one part of resizing that is
// done here: enlarging, which sharp does half a pixel off.

/** Decodes JPEG, PNG and WebP files to what a network sees. */
export interface ImageDecoder {
  /**
   * Decodes, applies the EXIF orientation, resizes to width x height without keeping the aspect ratio
   * (bilinear with pixel centres at .5; antialiased when shrinking) and converts to 8-bit sRGB, transparent
   * parts on white. Runs off the main thread where the platform can.
   * @param image a path, or the file's bytes
   * @returns [height, width, 3] bytes
   * @throws WeftError `path: …` where the file is missing, truncated or not an image
   */
  decode(image: string | Uint8Array, width: number, height: number): Promise<Uint8Array>;
}

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
