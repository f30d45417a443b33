// Answers about pictures that no question file lists: rows in the answer file's form, one per picture and attribute, or
// JSON lines, one per picture.

import type { Head } from "../models/heads.ts";
import { probabilityColumn } from "./answer_csv.ts";
import { formatCsvRow } from "./csv_rows.ts";

/** One picture's probabilities, an array per head in the order of the heads. */
export interface PictureAnswer {
  readonly image: string;
  readonly heads: readonly Head[];
  readonly probabilities: readonly ArrayLike<number>[];
}

/** Rows `image,attribute,p0;p1;…`, each ending in a line feed. @throws RangeError if a probability is not finite */
export function formatPictureRows({ image, heads, probabilities }: PictureAnswer): string {
  return heads
    .map(({ name }, head) => {
      const third = probabilityColumn(probabilities[head] ?? [], `${name} of ${image}`);
      return formatCsvRow([image, name, third]);
    })
    .join("");
}

/**
 * One line `{"image":"a.jpg","predictions":{"colour":[0.25,0.75]}}`, ending in a line feed.
 * @throws RangeError if a probability is not finite
 */
export function formatPictureLine({ image, heads, probabilities }: PictureAnswer): string {
  const entries = heads.map(({ name }, head) => {
    const text = probabilityColumn(probabilities[head] ?? [], `${name} of ${image}`);
    return [name, text.split(";").map(Number)] as const;
  });
  // An object would not do: a head may be called __proto__, and numeric names would change the order.
  const predictions = entries.map(([name, values]) => `${JSON.stringify(name)}:${JSON.stringify(values)}`);
  return `{"image":${JSON.stringify(image)},"predictions":{${predictions.join(",")}}}\n`;
}
