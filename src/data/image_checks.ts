// What earlier checks of image files found, kept in a file: an image whose size and time of change are the
// same needs no second look.

import { messageOf } from "../base/errors.ts";
import { type FileFacts, type FileSystem, readJson } from "../base/platform.ts";
import type { ImageHeader } from "../formats/image_source.ts";

/** Raised when the check changes, so that what an earlier one let pass is checked again. */
const CHECK_VERSION = 1;
/** About 60 MB of text. */
const MOST_IMAGES = 500_000;

type Facts = Pick<FileFacts, "bytes" | "modifiedMs">;
/** Size, time of change, and the header: format, width, height, bytes of a decode. */
type Entry = readonly [number, number, ImageHeader["format"], number, number, number];

/** Good images by their path in the data folder. Bad ones are looked at again each time: somebody may have put them right. */
export class ImageChecks {
  private readonly seen = new Map<string, Entry>();
  private isChanged = false;

  private constructor(
    private readonly files: FileSystem,
    private readonly path: string,
    private readonly earlier: ReadonlyMap<string, Entry>,
  ) {}

  /** Reads the file of earlier checks; one that is missing, damaged or of another version holds nothing. */
  static async open(files: FileSystem, path: string): Promise<ImageChecks> {
    const json = await readJson(files, path).catch(() => undefined);
    return new ImageChecks(files, path, parseChecks(json));
  }

  /** The header of an image that was good when it had this size and time of change. */
  find(image: string, { bytes, modifiedMs }: Facts): ImageHeader | undefined {
    const entry = this.earlier.get(image);
    if (entry?.[0] !== bytes || entry[1] !== modifiedMs) return undefined;
    this.seen.set(image, entry);
    const [, , format, width, height, decodeBytes] = entry;
    return { format, width, height, decodeBytes };
  }

  /** Notes a good image. */
  add(image: string, { bytes, modifiedMs }: Facts, header: ImageHeader): void {
    const { format, width, height, decodeBytes } = header;
    this.seen.set(image, [bytes, modifiedMs, format, width, height, decodeBytes]);
    this.isChanged = true;
  }

  /**
   * Writes the file where there is something new; images that were not asked for stay as far as there is room.
   * @returns why it could not be written, where it could not
   */
  async save(): Promise<string | undefined> {
    if (!this.isChanged) return undefined;
    const images = [
      ...new Map([...this.seen, ...[...this.earlier].filter(([image]) => !this.seen.has(image))]),
    ];
    try {
      const content = { version: CHECK_VERSION, images: images.slice(0, MOST_IMAGES) };
      await this.files.writeFile(this.path, JSON.stringify(content));
    } catch (thrown) {
      return messageOf(thrown);
    }
    this.isChanged = false;
    return undefined;
  }
}

function parseChecks(json: unknown): Map<string, Entry> {
  const found = new Map<string, Entry>();
  if (typeof json !== "object" || json === null || !("version" in json) || !("images" in json)) return found;
  if (json.version !== CHECK_VERSION || !Array.isArray(json.images)) return found;
  for (const pair of json.images) {
    if (!Array.isArray(pair)) return new Map();
    const [image, entry] = pair;
    if (typeof image !== "string" || !isEntry(entry)) return new Map();
    found.set(image, entry);
  }
  return found;
}

function isEntry(value: unknown): value is Entry {
  if (!Array.isArray(value) || value.length !== 6) return false;
  const [bytes, modifiedMs, format, ...rest] = value;
  const isFormat = format === "JPEG" || format === "PNG" || format === "WebP";
  return isFormat && [bytes, modifiedMs, ...rest].every((part) => typeof part === "number");
}
