// What the readers of image headers share: the source of bytes, the facts in a header, the possible faults.

import { type FaultDetails, WeftError } from "../base/errors.ts";

/** The facts in a header. Width and height are the stored ones, before any EXIF orientation. */
export interface ImageHeader {
  readonly format: "JPEG" | "PNG" | "WebP";
  readonly width: number;
  readonly height: number;
  /** Bytes that decoding needs at once, about: those of the whole image if it is progressive or interlaced. */
  readonly decodeBytes: number;
}

/** Why an image cannot be used. */
export type ImageFaultKind =
  | "missing"
  | "unreadable"
  | "empty"
  | "foreign"
  | "truncated"
  | "damaged"
  | "large";

/** An image that cannot be used. Header readers give the reason alone; the caller that knows the path prepends it. */
export class ImageFault extends WeftError {
  constructor(
    readonly kind: ImageFaultKind,
    message: string,
    options?: FaultDetails,
  ) {
    super(message, options);
  }
}

/** An image's bytes, wherever they are stored. */
export interface ByteSource {
  /** Size of the whole file. */
  readonly bytes: number;
  /** Bytes from `start` on: fewer if the file ends before. */
  read(start: number, bytes: number): Promise<Uint8Array>;
}

/** The size of a read; for most files the first read contains the whole header. */
const WINDOW_BYTES = 64 * 1024;

/** Reads a file through a window, so that neighbouring small reads cost one read of the file. */
export class SourceWindow {
  private start = 0;
  private window: Uint8Array = new Uint8Array();

  constructor(private readonly source: ByteSource) {}

  /** Size of the whole file. */
  get bytes(): number {
    return this.source.bytes;
  }

  /** @returns `bytes` bytes from `at` on, at most one window of them; fewer if the file ends before */
  async read(at: number, bytes: number): Promise<Uint8Array> {
    const end = Math.min(at + bytes, this.source.bytes);
    const isInside = at >= this.start && end <= this.start + this.window.byteLength;
    if (!isInside && at < end) {
      this.window = await this.source.read(at, Math.max(bytes, WINDOW_BYTES));
      this.start = at;
    }
    const from = at - this.start;
    return this.window.subarray(Math.max(0, from), Math.max(0, from + bytes));
  }

  /** The rest of the window that contains `at`; empty at the file's end. */
  async readOn(at: number): Promise<Uint8Array> {
    await this.read(at, 1);
    return this.window.subarray(at - this.start);
  }

  /**
   * As `read`, for bytes that must be there.
   * @throws ImageFault if the file ends before
   */
  async require(at: number, bytes: number): Promise<DataView> {
    const found = await this.read(at, bytes);
    if (found.byteLength < bytes) throw truncated(this.bytes, "within its header");
    return new DataView(found.buffer, found.byteOffset, found.byteLength);
  }
}

/** A file that ends too early. */
export function truncated(bytes: number, where: string): ImageFault {
  return new ImageFault(
    "truncated",
    `truncated: the file ends after ${bytes.toLocaleString("en-US")} bytes, ${where}`,
  );
}

/** A file whose content contradicts itself. */
export function damaged(what: string): ImageFault {
  return new ImageFault("damaged", `damaged: ${what}`);
}

/** Rows that a decoder holds at once if it decodes from top to bottom, including those that resizing keeps. */
const STREAMED_ROWS = 512;

/** Bytes that row-by-row decoding needs. */
export function streamedBytes(width: number, height: number, bytesPerPixel: number): number {
  return width * Math.min(height, STREAMED_ROWS) * bytesPerPixel;
}

/** @throws ImageFault if a side is 0 */
export function requirePixels(width: number, height: number): void {
  if (width === 0 || height === 0) throw damaged(`its header says ${width} x ${height} pixels`);
}
