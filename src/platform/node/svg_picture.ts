// Drawings of any size to PNG in Node, by sharp (librsvg). Without fonts on the machine librsvg draws boxes
// for letters: what it gets here should have its text as outlines.

import sharp from "sharp";

const DOTS_PER_INCH = 72;

/**
 * Renders an SVG.
 * @param scale pixels a unit.
 * @returns the bytes of a PNG.
 */
export async function renderPng(svg: string, scale: number): Promise<Uint8Array> {
  const options = { density: DOTS_PER_INCH * scale, unlimited: true, limitInputPixels: false };
  const { buffer, byteOffset, byteLength } = await sharp(Buffer.from(svg), options)
    .flatten({ background: "#ffffff" })
    .png({ compressionLevel: 8 })
    .toBuffer();
  return new Uint8Array(buffer, byteOffset, byteLength);
}
