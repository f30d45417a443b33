// Image decoding in Node by sharp (libvips), on libuv's threads.
// Mean distance from PIL's BILINEAR on photographs of 400 x 533 pixels, of 255: 0.11 at 299 pixels, 0.18 at
// 224, 0.32 at 128, 0.75 at 96. With sharp's `fastShrinkOnLoad` it is 0.95 at 128, and no faster.

import sharp from "sharp";
import { messageOf } from "../../base/errors.ts";
import { ByteBudget } from "../../data/byte_budget.ts";
import {
  DEFAULT_MAX_PIXELS,
  type ImageDecoder,
  type ImageInspector,
  requireMostPixels,
} from "../../data/images.ts";
import { ImageFault, type ImageHeader } from "../../formats/image_source.ts";
import { enlarge } from "./enlarging.ts";
import { readBytesHeader, readFileHeader } from "./image_files.ts";

/** What stands for the path in faults where bytes were given. */
const BYTES_NAME = "image";
/** Four photographs of 24 megapixels, progressive and with full colour resolution, fit in. */
const DEFAULT_BYTES_IN_FLIGHT = 512 * 1024 * 1024;
/** Headers of more images than that are read again when they are decoded. */
const MOST_HEADERS = 250_000;

/** Bounds of a decoder. */
export interface ImageDecoderOptions {
  /** Images with more pixels are refused from their header; 100 million by default. */
  readonly maxPixels?: number | undefined;
  /** Bytes that all decodes together may hold, as their headers let expect; 512 MiB by default. */
  readonly bytesInFlight?: number | undefined;
}

/** Of what is decoded to; networks see up to 4096. */
const LARGEST_SIDE = 32_768;

/**
 * A decoder on sharp. Sets sharp, process-wide, to one thread an image and no cache: batches decode
 * several images at once and keep what they want to see again themselves.
 */
export function createNodeImageDecoder(options: ImageDecoderOptions = {}): ImageDecoder & ImageInspector {
  sharp.cache(false);
  sharp.concurrency(1);
  return new NodeImageDecoder(options);
}

class NodeImageDecoder implements ImageDecoder, ImageInspector {
  readonly maxPixels: number;
  private readonly budget: ByteBudget;
  private readonly headers = new Map<string, ImageHeader>();

  constructor({ maxPixels, bytesInFlight }: ImageDecoderOptions) {
    this.maxPixels = maxPixels ?? DEFAULT_MAX_PIXELS;
    this.budget = new ByteBudget(bytesInFlight ?? DEFAULT_BYTES_IN_FLIGHT);
  }

  async inspect(path: string): Promise<ImageHeader> {
    const header = await this.readHeader(path);
    this.trust(path, header);
    return header;
  }

  trust(path: string, header: ImageHeader): void {
    if (this.headers.size < MOST_HEADERS) this.headers.set(path, header);
  }

  async decode(image: string | Uint8Array, width: number, height: number): Promise<Uint8Array> {
    for (const side of [width, height]) {
      if (Number.isSafeInteger(side) && side > 0 && side <= LARGEST_SIDE) continue;
      throw new RangeError(
        `decode to ${width} x ${height}: expected whole numbers from 1 to ${LARGEST_SIDE}`,
      );
    }
    const known = typeof image === "string" ? this.headers.get(image) : undefined;
    const { decodeBytes } = known ?? (await this.readHeader(image));
    try {
      return await this.budget.run(decodeBytes, () => this.decodePixels(image, width, height));
    } catch (thrown) {
      await this.readHeader(image); // it tells best what is wrong with a file that has changed
      throw namedFault(image, new ImageFault("damaged", damageText(thrown), { cause: thrown }));
    }
  }

  private async readHeader(image: string | Uint8Array): Promise<ImageHeader> {
    try {
      const header = await (typeof image === "string" ? readFileHeader(image) : readBytesHeader(image));
      requireMostPixels(header, this.maxPixels);
      return header;
    } catch (thrown) {
      if (thrown instanceof ImageFault) throw namedFault(image, thrown);
      throw thrown;
    }
  }

  private async decodePixels(image: string | Uint8Array, width: number, height: number): Promise<Uint8Array> {
    const { data, info } = await sharp(image, { failOn: "error", limitInputPixels: this.maxPixels })
      .autoOrient()
      .resize(width, height, {
        fit: "fill",
        kernel: "linear",
        fastShrinkOnLoad: false,
        withoutEnlargement: true,
      })
      .flatten({ background: "#ffffff" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`${info.channels} channels instead of 3`);
    const rgb = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (info.width === width && info.height === height) return rgb;
    return enlarge({ rgb, width: info.width, height: info.height }, width, height);
  }
}

/** What sharp says, in its first line; of interlaced PNG files it says "Unknown error". */
function damageText(thrown: unknown): string {
  const said =
    messageOf(thrown)
      .split("\n")[0]
      ?.replace(/^.*: (?=\S)/, "") ?? "";
  const known = said === "Unknown error" ? "" : said.replace(/[:\s]+$/, "");
  return `its picture data is truncated or damaged${known === "" ? "" : `: ${known}`}`;
}

/** The fault with the image's name before it. */
function namedFault(image: string | Uint8Array, { kind, problem, remedy, cause }: ImageFault): ImageFault {
  const name = typeof image === "string" ? image : BYTES_NAME;
  const isOfItsContent = kind !== "missing" && kind !== "unreadable" && kind !== "large";
  const reason = isOfItsContent ? `cannot be decoded as a JPEG, PNG or WebP image (${problem})` : problem;
  return new ImageFault(kind, `${name}: ${reason}`, { cause, remedy });
}
