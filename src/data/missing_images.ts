// Whether all images of a data set exist: asked before a training starts, not hours into it.

import { WeftError } from "../base/errors.ts";
import { type FileSystem, joinPath } from "../base/platform.ts";
import type { AttributeDataset } from "./dataset.ts";

const CHECKS_AT_ONCE = 64;

/**
 * Looks for the given images' files; what is in them is not read.
 * @throws WeftError `Annotations/label.csv:3: Images/a.jpg: no such file` for the first that is missing
 */
export async function requireImagesExist(
  files: FileSystem,
  { folder, labelFile, images }: AttributeDataset,
  indices: readonly number[],
): Promise<void> {
  const inFileOrder = [...indices].sort((a, b) => a - b);
  for (let start = 0; start < inFileOrder.length; start += CHECKS_AT_ONCE) {
    const some = inFileOrder.slice(start, start + CHECKS_AT_ONCE);
    const missing = await Promise.all(
      some.map(async (index) => {
        const image = images[index];
        return image && !(await files.exists(joinPath(folder, image.path))) ? image : undefined;
      }),
    );
    const first = missing.find((image) => image !== undefined);
    if (first) {
      throw new WeftError(
        `${labelFile}:${first.line}: ${first.path}: no such file; expected it in ${folder} (--skip-bad leaves it out)`,
      );
    }
  }
}
