// Identifies by its first bytes a file that is none of the image formats that weft decodes. Messages name the format,
// so that the user recognises a GIF called .jpg or an error page saved as a photograph.

/** The number of bytes that identifying the content needs. */
export const CONTENT_BYTES = 4096;

const IMAGES = [
  ["GIF87a", "a GIF image"],
  ["GIF89a", "a GIF image"],
  ["II*\0", "a TIFF image or a camera's raw file"],
  ["MM\0*", "a TIFF image or a camera's raw file"],
  ["II+\0", "a TIFF image"],
  ["MM\0+", "a TIFF image"],
  ["BM", "a BMP image"],
  ["8BPS", "a Photoshop file"],
  ["\0\0\x01\0", "an icon (ICO)"],
  ["\xff\x0a", "a JPEG XL image"],
  ["\0\0\0\x0cJXL ", "a JPEG XL image"],
  ["\0\0\0\x0cjP  ", "a JPEG 2000 image"],
  ["\xff\x4f\xff\x51", "a JPEG 2000 image"],
  ["\x76\x2f\x31\x01", "an OpenEXR image"],
  ["DDS ", "a DDS texture"],
  ["qoif", "a QOI image"],
] as const;

const OTHERS = [
  ["%PDF", "a PDF document"],
  ["PK\x03\x04", "a ZIP archive"],
  ["\x1f\x8b", "a gzip archive"],
  ["\x89HDF", "an HDF5 file"],
  ["\0\x05\x16\x07", "an AppleDouble file, which macOS puts beside the real one"],
  ["\x1aE\xdf\xa3", "a video (Matroska, WebM)"],
] as const;

/** Brands of the ISO container (`ftyp` box). */
const CONTAINER_BRANDS: Record<string, string> = {
  avif: "an AVIF image",
  avis: "an AVIF image",
  heic: "a HEIC image",
  heix: "a HEIC image",
  heim: "a HEIC image",
  heis: "a HEIC image",
  hevc: "a HEIC image",
  mif1: "a HEIF image",
  msf1: "a HEIF image",
  "crx ": "a camera's raw file (CR3)",
};

const CONVERT = "convert it to PNG or JPEG";

/** The format of the file and what to do: `a GIF image; convert it to PNG or JPEG`. */
export function describeContent(head: Uint8Array): string {
  const start = String.fromCharCode(...head.subarray(0, 16));
  const image = IMAGES.find(([signature]) => start.startsWith(signature));
  if (image) return `${image[1]}; ${CONVERT}`;
  if (/^P[1-7][\s#]/.test(start)) return `a PNM image; ${CONVERT}`;
  if (start.startsWith("ftyp", 4)) {
    const container = CONTAINER_BRANDS[start.slice(8, 12)];
    return container === undefined ? "a video (MP4, MOV)" : `${container}; ${CONVERT}`;
  }
  const other = OTHERS.find(([signature]) => start.startsWith(signature));
  if (other) return other[1];
  if (start.startsWith("RIFF")) return `a RIFF file of the kind "${start.slice(8, 12)}", not WebP`;
  return describeText(head) ?? describeBytes(head);
}

function describeText(head: Uint8Array): string | undefined {
  const text = new TextDecoder("utf-8").decode(head.subarray(0, CONTENT_BYTES)).trimStart();
  if (/^<(\?xml|!--|!doctype svg|svg)/i.test(text) && /<svg[\s/>]/i.test(text))
    return `an SVG drawing; ${CONVERT}`;
  if (/^<(!doctype html|html|head|body)\b/i.test(text)) return "an HTML page; was the download refused?";
  if (text.startsWith("version https://git-lfs"))
    return "a pointer of Git LFS; git lfs pull fetches the file";
  const isPrintable = (byte: number) => byte >= 32 || (byte > 7 && byte < 14);
  return text !== "" && head.subarray(0, 512).every(isPrintable) ? "text" : undefined;
}

function describeBytes(head: Uint8Array): string {
  if (head.every((byte) => byte === 0)) return "zero bytes only; was it ever written completely?";
  const hex = [...head.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0"));
  return `of no known image format; it begins with the bytes ${hex.join(" ")}`;
}
