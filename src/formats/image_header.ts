// Whether a file is a complete JPEG, PNG or WebP image. Only its first and last bytes decide, whatever its name is, and
// nothing is decoded. Images in other formats are named in the message.

import { CONTENT_BYTES, describeContent } from "./image_content.ts";
import { type ByteSource, ImageFault, type ImageHeader, SourceWindow } from "./image_source.ts";
import { isJpeg, readJpeg } from "./jpeg_header.ts";
import { isPng, readPng } from "./png_header.ts";
import { isWebp, readWebp } from "./webp_header.ts";

const FORMATS = [
  { is: isJpeg, read: readJpeg },
  { is: isPng, read: readPng },
  { is: isWebp, read: readWebp },
];

/**
 * Reads an image's header and looks for its end.
 * @throws ImageFault if the file is empty, of another format, truncated, or damaged in its header; the
 *   message is the reason alone
 */
export async function readImageHeader(source: ByteSource): Promise<ImageHeader> {
  if (source.bytes === 0) throw new ImageFault("empty", "it is empty");
  const window = new SourceWindow(source);
  const head = await window.read(0, CONTENT_BYTES);
  const format = FORMATS.find(({ is }) => is(head));
  if (!format) throw new ImageFault("foreign", `it is ${describeContent(head)}`);
  return format.read(window);
}
