// What readers of image headers share: where bytes come from, what a header tells, what may be wrong.

import { WeftError } from "../base/errors.ts";

/** What a header tells. Width and height are the stored ones, before any EXIF orientation. */
export interface ImageHeader {
  readonly format: "JPEG" | "PNG" | "WebP";
  readonly width: number;
  readonly height: number;
  /** Bytes that a decode holds at once, about: of the whole image where it is progressive or interlaced. */
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

/** An image that cannot be used. Readers of headers give the reason alone; whoever knows the path puts it before. */
export class ImageFault extends WeftError {
  constructor(
    readonly kind: ImageFaultKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** An image's bytes, wherever they lie. */
export interface ByteSource {
  /** Of the whole file. */
  readonly bytes: number;
  /** Bytes from `start` on: fewer where the file ends before. */
  read(start: number, bytes: number): Promise<Uint8Array>;
}

/** As much as is read at a time; of most files the first piece holds the whole header. */
const WINDOW_BYTES = 64 * 1024;

/** Reads a file through a window, so that small reads side by side cost one. */
export class SourceWindow {
  private start = 0;
  private window: Uint8Array = new Uint8Array();

  constructor(private readonly source: ByteSource) {}

  /** Of the whole file. */
  get bytes(): number {
    return this.source.bytes;
  }

  /** @returns `bytes` bytes from `at` on, at most a window of them; fewer where the file ends before */
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

  /** The rest of the window that `at` lies in; empty at the file's end. */
  async readOn(at: number): Promise<Uint8Array> {
    await this.read(at, 1);
    return this.window.subarray(at - this.start);
  }

  /**
   * As `read`, for what has to be there.
   * @throws ImageFault where the file ends before
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

/** Rows that a decoder which goes from top to bottom holds at once, with what resizing keeps of them. */
const STREAMED_ROWS = 512;

/** Bytes that decoding row by row takes. */
export function streamedBytes(width: number, height: number, bytesPerPixel: number): number {
  return width * Math.min(height, STREAMED_ROWS) * bytesPerPixel;
}

/** @throws ImageFault where a side is 0 */
export function requirePixels(width: number, height: number): void {
  if (width === 0 || height === 0) throw damaged(`its header says ${width} x ${height} pixels`);
}
