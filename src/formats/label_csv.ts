// The label files of the FashionAI layout, without headers: `Annotations/label.csv` and
// `Tests/answer.csv` hold rows `Images/a.jpg,skirt_length_labels,nnynnn`, and `Tests/question.csv`
// the same rows with an empty third column or `?`. One letter a class: y the class, m maybe, n not.

import { WeftError } from "../base/errors.ts";
import { formatCsvRow, parseCsvRows } from "./csv_rows.ts";

const SUFFIX = "_labels";

/** One attribute: its softmax head's name and its number of classes. */
export interface Head {
  name: string;
  classes: number;
}

/** A head and how many rows of the file label it; a row that repeats another counts too. */
export interface CountedHead extends Head {
  rows: number;
}

/** An image with the labels of all its rows merged. Arrays go by head, in the order of `heads`. */
export interface LabelledImage {
  /** As the file has it, relative to the data folder. */
  path: string;
  /** The line of the image's first row, counted from 1. */
  line: number;
  /** Letters y, m and n, one a class; undefined where the image has no label. */
  letters: (string | undefined)[];
  /** The class of the y, or -1 where the image has no label. */
  classes: number[];
}

/** A row that was left out because the caller asked to go on. */
export interface BadRow {
  line: number;
  /** The whole line that would have been thrown, `path:line: …`. */
  message: string;
}

/** What a label file holds. Heads and images are in the order in which they first appear. */
export interface LabelFile {
  heads: CountedHead[];
  images: LabelledImage[];
  badRows: BadRow[];
}

/** A row to write: `label` as in the third column, empty for a question. */
export interface LabelRow {
  image: string;
  attribute: string;
  label: string;
}

/** A row of a question file; the first two columns are kept as they are for the answer. */
export interface QuestionRow {
  image: string;
  attributeColumn: string;
  attribute: string;
  line: number;
}

/** The attribute that a file's second column names: `skirt_length_labels` → `skirt_length`. */
export function attributeOf(column: string): string {
  const name = column.trim();
  return name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : name;
}

/** The fault of a label string by itself, or undefined. */
function faultOfLetters(letters: string): string | undefined {
  const unknown = letters.match(/[^ymn]/);
  if (unknown)
    return `the label ${letters} has the letter "${unknown[0]}"; expected y, m or n for each class`;
  const count = letters.split("y").length - 1;
  if (count === 0) return `the label "${letters}" has no y; expected exactly one`;
  if (count > 1) return `the label ${letters} has ${count} y; expected exactly one`;
  return undefined;
}

interface Collected {
  line: number;
  labels: Map<number, { letters: string; line: number }>;
}

/** Collects rows into heads and images; `add` returns what is wrong with a row and then takes nothing of it. */
class LabelCollector {
  readonly heads: CountedHead[];
  readonly images = new Map<string, Collected>();
  private readonly indexOfHead = new Map<string, number>();
  private readonly isOpen: boolean;

  constructor(known: readonly Head[] | undefined) {
    this.isOpen = known === undefined;
    this.heads = (known ?? []).map(({ name, classes }) => ({ name, classes, rows: 0 }));
    for (const [index, head] of this.heads.entries()) this.indexOfHead.set(head.name, index);
  }

  add(columns: readonly string[], line: number): string | undefined {
    if (columns.length !== 3) {
      return `expected 3 columns (image, attribute, label) but the row has ${columns.length}`;
    }
    const [image = "", column = "", label = ""] = columns;
    const attribute = attributeOf(column);
    const letters = label.trim();
    if (image.trim() === "") return "the first column, the image's path, is empty";
    if (attribute === "") return "the second column, the attribute, is empty";
    const wrong = faultOfLetters(letters);
    if (wrong !== undefined) return wrong;

    let index = this.indexOfHead.get(attribute);
    if (index === undefined && !this.isOpen) {
      return `the attribute ${attribute} is not one of the model's: ${this.heads.map((h) => h.name).join(", ")}`;
    }
    const classes = index === undefined ? letters.length : (this.heads[index]?.classes ?? 0);
    if (letters.length !== classes) {
      const others = this.isOpen ? "the rows before have" : "the model has";
      return `the label ${letters} of ${attribute} has ${letters.length} letters but ${others} ${classes}`;
    }
    const earlier = index === undefined ? undefined : this.images.get(image)?.labels.get(index);
    if (earlier !== undefined && earlier.letters !== letters) {
      return (
        `${image} has two different labels of ${attribute}: ${letters} here, ` +
        `${earlier.letters} in line ${earlier.line}; keep one of the two rows`
      );
    }
    if (index === undefined) {
      index = this.heads.push({ name: attribute, classes, rows: 0 }) - 1;
      this.indexOfHead.set(attribute, index);
    }
    this.take(image, index, letters, line);
    return undefined;
  }

  private take(image: string, head: number, letters: string, line: number): void {
    const counted = this.heads[head];
    if (counted) counted.rows++;
    let found = this.images.get(image);
    if (!found) {
      found = { line, labels: new Map() };
      this.images.set(image, found);
    }
    if (!found.labels.has(head)) found.labels.set(head, { letters, line });
  }

  finish(): LabelledImage[] {
    return Array.from(this.images, ([path, { line, labels }]) => {
      const letters = this.heads.map((_, head) => labels.get(head)?.letters);
      return { path, line, letters, classes: letters.map((text) => text?.indexOf("y") ?? -1) };
    });
  }
}

/**
 * Parses a file of labels. Rows of one image merge; a row that repeats an earlier one is fine, one that
 * gives the same image another label of the same attribute is an error, as nothing tells which is right.
 * @param path named in faults, as the caller wants to see it
 * @param options.heads the model's heads, where there is one: they fix order and class counts, and a row
 *   of any other attribute is an error. Without it both come from the file.
 * @param options.skipBad leaves bad rows out and lists them in `badRows`
 * @throws WeftError `path:line: …` for the first bad row; `path: …` where no row is good
 */
export function parseLabelCsv(
  content: string | Uint8Array,
  path: string,
  options: { heads?: readonly Head[] | undefined; skipBad?: boolean | undefined } = {},
): LabelFile {
  const collector = new LabelCollector(options.heads);
  const badRows: BadRow[] = [];
  for (const { columns, line } of parseCsvRows(content, path)) {
    const fault = collector.add(columns, line);
    if (fault === undefined) continue;
    const message = `${path}:${line}: ${fault}`;
    if (!options.skipBad) throw new WeftError(message);
    badRows.push({ line, message });
  }
  if (collector.images.size === 0) {
    throw new WeftError(
      `${path}: expected rows such as Images/a.jpg,skirt_length_labels,nnynnn but found none`,
    );
  }
  return { heads: collector.heads, images: collector.finish(), badRows };
}

/**
 * Parses a question file; rows keep their order, repeated ones included.
 * @throws WeftError `path:line: …` for a row without three columns or with an answer in the third
 */
export function parseQuestionCsv(content: string | Uint8Array, path: string): QuestionRow[] {
  return parseCsvRows(content, path).map(({ columns, line }) => {
    const [image = "", attributeColumn = "", answer = ""] = columns;
    const attribute = attributeOf(attributeColumn);
    let fault: string | undefined;
    if (columns.length !== 3)
      fault = `expected 3 columns (image, attribute, ?) but the row has ${columns.length}`;
    else if (image.trim() === "") fault = "the first column, the image's path, is empty";
    else if (attribute === "") fault = "the second column, the attribute, is empty";
    else if (!["", "?"].includes(answer.trim())) {
      fault = `expected the third column of a question to be empty or ? but it is ${answer.trim()}`;
    }
    if (fault !== undefined) throw new WeftError(`${path}:${line}: ${fault}`);
    return { image, attributeColumn, attribute, line };
  });
}

/** Text of a label or question file: one row each, `_labels` added to the attribute's name. */
export function formatLabelCsv(rows: readonly LabelRow[]): string {
  return rows.map(({ image, attribute, label }) => formatCsvRow([image, attribute + SUFFIX, label])).join("");
}
