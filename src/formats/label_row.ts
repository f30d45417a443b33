// The possible faults of one row of a label or question file, with the likely cause; and whether a first row is a
// header.

import { faultOfAttribute, isFullColumn } from "./attribute_names.ts";

const COLUMNS = 3;

const DELIMITERS: readonly (readonly [string, string])[] = [
  [";", "semicolons"],
  ["\t", "tabs"],
  ["|", "vertical bars"],
  ["，", "full-width commas"],
  [" ", "spaces"],
];

const IMAGE_EXTENSION = /\.(jpe?g|jfif|png|webp|gif|bmp|tiff?|avif|heic|svg)\s*$/i;
const PRINTABLE = /^[\p{L}\p{N}\p{P}\p{S}]$/u;

/** The columns without empty ones after the third: a row may end in extra commas. */
export function withoutEmptyEnd(columns: readonly string[]): readonly string[] {
  let count = columns.length;
  while (count > COLUMNS && columns[count - 1]?.trim() === "") count--;
  return columns.slice(0, count);
}

/** The likely cause of a wrong number of columns, as the end of a sentence. */
function causeOfColumns(columns: readonly string[]): string {
  const text = columns.join(",");
  const delimiter = DELIMITERS.find(
    ([sign]) => withoutEmptyEnd(text.trim().split(sign)).length === COLUMNS && columns.length !== COLUMNS,
  );
  if (delimiter) return `; they seem to be separated by ${delimiter[1]}, expected commas`;
  if (columns.length === COLUMNS + 1 && /^\d*$/.test(columns[0]?.trim() ?? "")) {
    return "; the first seems to be the number of the row, leave it out (pandas: to_csv(…, index=False))";
  }
  const path = columns.slice(0, -2).join(",");
  if (columns.length > COLUMNS && IMAGE_EXTENSION.test(path)) {
    return `; a path with a comma needs quotes: "${path}"`;
  }
  return "";
}

/**
 * The fault of a row's first two columns or of their number, or undefined.
 * @param third the content of the third column, for the message
 */
export function faultOfColumns(columns: readonly string[], third: string): string | undefined {
  if (columns.length !== COLUMNS) {
    return (
      `expected ${COLUMNS} columns (image, attribute, ${third}) but the row has ${columns.length}` +
      causeOfColumns(columns)
    );
  }
  if (columns[0]?.trim() === "") return "the first column, the image's path, is empty";
  return faultOfAttribute(columns[1] ?? "");
}

const shown = (character: string) => {
  const code = character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0");
  return PRINTABLE.test(character) ? `"${character}"` : `U+${code}`;
};

/** The fault of a label string by itself, or undefined. */
export function faultOfLetters(letters: string): string | undefined {
  const unknown = letters.match(/[^ymn]/u);
  if (unknown && /^[ymn]+$/i.test(letters)) {
    return `the label ${letters} has capital letters; expected lower-case ones: ${letters.toLowerCase()}`;
  }
  if (unknown)
    return `the label ${letters} has the letter ${shown(unknown[0])}; expected y, m or n for each class`;
  const count = letters.split("y").length - 1;
  if (count === 0) return `the label "${letters}" has no y; expected exactly one`;
  if (count > 1) return `the label ${letters} has ${count} y; expected exactly one`;
  return undefined;
}

/** Whether the first two columns of a row describe an image; in a header they are words. */
export function isAboutImage(columns: readonly string[]): boolean {
  const isPath = (text: string) => IMAGE_EXTENSION.test(text) || /[/\\]/.test(text);
  return columns.slice(0, 2).some(isPath) || isFullColumn(columns[1] ?? "");
}

/** Whether a file's first row is a header: its third column is a word that is not a label. */
export function isHeader(columns: readonly string[]): boolean {
  const third = columns[2] ?? "";
  return /\p{L}/u.test(third) && !/^\s*[ymn]+\s*$/i.test(third) && !isAboutImage(columns);
}
