// A contact sheet: images of one size in a grid, as a PNG file.

import sharp from "sharp";
import type { FileSystem } from "../../base/platform.ts";

const GAP_PIXELS = 12;
const GAP_IN_GROUP_PIXELS = 2;
const BACKGROUND = "#ffffff";

/** Cells of a sheet: pictures that belong together stand close, side by side. */
export interface Sheet {
  /** Groups of pictures, [size, size, 3] bytes each. */
  readonly groups: readonly (readonly Uint8Array[])[];
  /** Width and height of a picture, in pixels. */
  readonly size: number;
  /** Groups in a row. */
  readonly columns: number;
}

/** Writes the sheet. @throws WeftError if the file cannot be written. */
export async function writeContactSheet(files: FileSystem, path: string, sheet: Sheet): Promise<void> {
  const { groups, size, columns } = sheet;
  const perGroup = Math.max(0, ...groups.map((group) => group.length));
  const rows = Math.ceil(groups.length / columns);
  const step = size + GAP_IN_GROUP_PIXELS;
  const pitch = perGroup * step - GAP_IN_GROUP_PIXELS + GAP_PIXELS;
  const pictures = groups.flatMap((group, index) =>
    group.map((pixels, place) => ({
      input: Buffer.from(pixels),
      raw: { width: size, height: size, channels: 3 as const },
      left: GAP_PIXELS + (index % columns) * pitch + place * step,
      top: GAP_PIXELS + Math.floor(index / columns) * (size + GAP_PIXELS),
    })),
  );
  const width = GAP_PIXELS + columns * pitch;
  const height = GAP_PIXELS + rows * (size + GAP_PIXELS);
  const canvas = sharp({ create: { width, height, channels: 3, background: BACKGROUND } });
  await files.writeFile(path, await canvas.composite(pictures).png().toBuffer());
}
