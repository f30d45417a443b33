// Drawings to pixels and to JPEG in Node, by sharp (librsvg, libjpeg-turbo), on libuv's threads.

import sharp from "sharp";
import type { PictureRenderer } from "../../demo/demo_set.ts";

const JPEG_QUALITY = 90;
/** A drawing of 100 units is 100 pixels wide at this density. */
const DOTS_PER_INCH = 72;
const UNITS = 100;

/** A renderer of square drawings of 100 x 100 units. */
export function createNodeRenderer(): PictureRenderer {
  return { rasterise, encodeJpeg };
}

async function rasterise(svg: string, px: number): Promise<Uint8Array> {
  const pixels = await sharp(Buffer.from(svg), { density: (DOTS_PER_INCH * px) / UNITS })
    .resize(px, px, { fit: "fill" })
    .removeAlpha()
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer();
  return new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
}

function encodeJpeg(rgb: Uint8Array, px: number): Promise<Uint8Array> {
  return sharp(rgb, { raw: { width: px, height: px, channels: 3 } })
    .jpeg({ quality: JPEG_QUALITY })
    .toBuffer();
}
