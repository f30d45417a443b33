// Pictures that no file lists, as a data set: to be predicted, without labels.

import type { CountedHead, Head } from "../models/heads.ts";
import type { AttributeDataset } from "./dataset.ts";

/**
 * A data set of the given files.
 * @param paths each an image
 * @param heads the model's
 */
export function pictureSet(paths: readonly string[], heads: readonly Head[]): AttributeDataset {
  const counted: CountedHead[] = heads.map(({ name, classes }) => ({ name, classes, rows: 0 }));
  const images = paths.map((path) => ({ path, line: 0, labels: [] }));
  return { folder: "", labelFile: "", heads: counted, images, badRows: [], notes: [] };
}
