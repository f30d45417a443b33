// Image files as sources of bytes: opened only where they are regular files, so that a named pipe or a
// device among the images neither blocks nor does whatever opening it does.

import {
  close as closeCallback,
  constants,
  open as openCallback,
  read as readCallback,
  type Stats,
} from "node:fs";
import { stat } from "node:fs/promises";
import { promisify } from "node:util";
import { readImageHeader } from "../../formats/image_header.ts";
import { ImageFault, type ImageHeader } from "../../formats/image_source.ts";
import { fileFault } from "./files.ts";

// node:fs/promises takes about 1.5 times as long for so short a visit.
const open = promisify(openCallback);
const read = promisify(readCallback);
const close = promisify(closeCallback);

/** What is no regular file, by name. */
function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a named pipe";
  if (stats.isSocket()) return "a socket";
  return "a device";
}

/**
 * Reads the header of an image file.
 * @throws ImageFault whose message is the reason alone
 */
export async function readFileHeader(path: string): Promise<ImageHeader> {
  let handle: number | undefined;
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw new ImageFault("foreign", `it is ${kindOf(stats)}; expected a regular file`);
    // O_NONBLOCK: it may have become a pipe since.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    handle = file;
    return await readImageHeader({
      bytes: stats.size,
      read: async (start, bytes) => {
        const piece = Buffer.allocUnsafe(Math.min(bytes, Math.max(0, stats.size - start)));
        const { bytesRead } = await read(file, piece, 0, piece.byteLength, start);
        return piece.subarray(0, bytesRead);
      },
    });
  } catch (thrown) {
    if (thrown instanceof ImageFault) throw thrown;
    const isMissing = isCode(thrown, "ENOENT") || isCode(thrown, "ENOTDIR");
    const reason = fileFault(path, thrown).message.slice(`${path}: `.length);
    throw new ImageFault(isMissing ? "missing" : "unreadable", reason, { cause: thrown });
  } finally {
    if (handle !== undefined) await close(handle);
  }
}

const isCode = (thrown: unknown, code: string) =>
  thrown instanceof Error && "code" in thrown && thrown.code === code;

/** Reads the header of an image that is in memory. */
export function readBytesHeader(image: Uint8Array): Promise<ImageHeader> {
  const { byteLength } = image;
  return readImageHeader({
    bytes: byteLength,
    read: async (start, bytes) => image.subarray(start, Math.min(byteLength, start + bytes)),
  });
}
