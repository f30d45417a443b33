// The label files of the FashionAI layout: `Annotations/label.csv` and `Tests/answer.csv` hold rows
// `Images/a.jpg,skirt_length_labels,nnynnn`, and `Tests/question.csv` the same rows with an empty third column or `?`.
// One letter per class: y the class, m maybe, n not. There is no header; if there is one, it is skipped.

import { WeftError } from "../base/errors.ts";
import type { CountedHead } from "../models/heads.ts";
import { attributeColumn, attributeOf } from "./attribute_names.ts";
import { formatCsvRow } from "./csv_rows.ts";
import { normalImagePath } from "./image_path.ts";
import { faultOfColumns, isAboutImage } from "./label_row.ts";
import {
  type BadRow,
  badRowNotes,
  headerNote,
  type LabelledRow,
  type LabelOptions,
  type LabelRows,
  readLabelRows,
  readRows,
} from "./label_rows.ts";

export type { BadRow } from "./label_rows.ts";

/** An image's label of one attribute. */
export interface Label {
  /** Index in `heads`. */
  head: number;
  /** y, m and n, one per class. */
  letters: string;
  /** The class marked y. */
  class: number;
}

/** An image with the labels of all its rows merged. */
export interface LabelledImage {
  /** Relative to the data folder unless it begins at the root. */
  path: string;
  /** The line of the image's first row, counted from 1. */
  line: number;
  /** In the order of the heads; one for each head that the image is labelled for. */
  labels: Label[];
}

/** The content of a label file. Heads and images are in the order in which they first appear. */
export interface LabelFile {
  heads: CountedHead[];
  images: LabelledImage[];
  badRows: BadRow[];
  /** Remarks for the user, a sentence each: what was changed on reading or looks unusual. */
  notes: readonly string[];
}

/** A row to write: `label` as in the third column, empty for a question. */
export interface LabelRow {
  image: string;
  attribute: string;
  label: string;
}

/** A row of a question file; the first two columns are kept unchanged for the answer. */
export interface QuestionRow {
  image: string;
  attributeColumn: string;
  attribute: string;
  line: number;
}

/** The questions of a file. */
export interface QuestionRows {
  rows: QuestionRow[];
  badRows: BadRow[];
  notes: string[];
}

/** The path of an image from the first column; spaces around it are removed. */
const pathOfColumn = (column: string) => normalImagePath(column.trim());

interface Collected {
  line: number;
  labels: Map<number, LabelledRow>;
}

/** Merges a row into its image's labels. @returns the contradiction with an earlier row; the row is then not merged */
function mergeRow(
  images: Map<string, Collected>,
  path: string,
  row: LabelledRow,
  attribute: string,
): string | undefined {
  const image = images.get(path);
  const earlier = image?.labels.get(row.head);
  if (earlier && earlier.letters !== row.letters) {
    return (
      `${path} has two different labels of ${attribute}: ${row.letters} here, ` +
      `${earlier.letters} in line ${earlier.line}; keep one of the two rows`
    );
  }
  if (!image) images.set(path, { line: row.line, labels: new Map([[row.head, row]]) });
  else if (!earlier) image.labels.set(row.head, row);
  return undefined;
}

/**
 * Merges the rows of each image. A repeated row is accepted. A row that gives an image a second, different label for an
 * attribute is an error, because nothing tells which label is right.
 * @param path named in messages
 * @param options.pathOf the path of the image that a first column names
 * @throws WeftError `path:line: …` for the first contradiction
 */
export function mergeLabelRows(
  read: LabelRows,
  path: string,
  { skipBad, pathOf = pathOfColumn }: LabelOptions & { pathOf?: (column: string) => string } = {},
): LabelFile {
  const rowsOfHeads = read.heads.map(() => 0);
  const images = new Map<string, Collected>();
  const badRows = [...read.badRows];
  for (const row of read.rows) {
    const fault = mergeRow(images, pathOf(row.image), row, read.heads[row.head]?.name ?? "");
    if (fault === undefined) {
      rowsOfHeads[row.head] = (rowsOfHeads[row.head] ?? 0) + 1;
      continue;
    }
    const message = `${path}:${row.line}: ${fault}`;
    if (!skipBad) throw new WeftError(message);
    badRows.push({ line: row.line, message });
  }
  badRows.sort((a, b) => a.line - b.line);
  const notes = [...read.notes, ...badRowNotes(badRows, read.rows.length + read.badRows.length)];
  const heads = read.heads.map((head, index) => ({ ...head, rows: rowsOfHeads[index] ?? 0 }));
  return { heads, images: Array.from(images, mergedImage), badRows, notes };
}

function mergedImage([path, { line, labels }]: [string, Collected]): LabelledImage {
  const merged = Array.from(labels.values(), ({ head, letters }) => {
    return { head, letters, class: letters.indexOf("y") };
  });
  return { path, line, labels: merged.sort((a, b) => a.head - b.head) };
}

/**
 * Parses a label file. Paths that differ only in spelling (`./Images/a.jpg`) are one image.
 * @param path named in messages, in the form the caller wants to see
 * @throws WeftError `path:line: …` for the first bad row; `path: …` if no row is good
 */
export function parseLabelCsv(
  content: string | Uint8Array,
  path: string,
  options: LabelOptions = {},
): LabelFile {
  return mergeLabelRows(readLabelRows(content, path, options), path, options);
}

/** The class of an image for a head, or -1 if it has no label for it. */
export function classOf({ labels }: LabelledImage, head: number): number {
  return labels.find((label) => label.head === head)?.class ?? -1;
}

function faultOfQuestion(columns: readonly string[]): string | undefined {
  const fault = faultOfColumns(columns, "?");
  if (fault !== undefined) return fault;
  const answer = columns[2]?.trim() ?? "";
  return ["", "?"].includes(answer)
    ? undefined
    : `expected the third column of a question to be empty or ? but it is ${answer}`;
}

/**
 * Reads a question file; rows keep their order, including repeated ones.
 * @param options.heads the model's heads; every row must name one of them
 * @throws WeftError `path:line: …` for the first row without three columns, with an answer in the third, or of
 *   another attribute; `path: …` if no row is good
 */
export function readQuestionRows(
  content: string | Uint8Array,
  path: string,
  { heads, skipBad }: LabelOptions = {},
): QuestionRows {
  const known = heads?.map(({ name }) => name);
  const badRows: BadRow[] = [];
  const { rows, notes } = readRows(content, path);
  const good = rows.flatMap(({ columns, line }, index) => {
    const [image = "", column = ""] = columns;
    const attribute = attributeOf(column);
    let fault = faultOfQuestion(columns);
    if (fault === undefined && known && !known.includes(attribute)) {
      if (index === 0 && !isAboutImage(columns)) {
        notes.push(headerNote(path, { columns, line }));
        return [];
      }
      fault = `the attribute ${attribute} is not one of the model's: ${known.join(", ")}`;
    }
    if (fault === undefined) return [{ image, attributeColumn: column, attribute, line }];
    const message = `${path}:${line}: ${fault}`;
    if (!skipBad) throw new WeftError(message);
    badRows.push({ line, message });
    return [];
  });
  return { rows: good, badRows, notes: [...notes, ...badRowNotes(badRows, rows.length)] };
}

/**
 * Parses a question file; rows keep their order, including repeated ones.
 * @throws WeftError `path:line: …` for a row without three columns or with an answer in the third
 */
export function parseQuestionCsv(content: string | Uint8Array, path: string): QuestionRow[] {
  return readQuestionRows(content, path).rows;
}

/** Text of a label or question file: one row per line, with `_labels` added to the attribute's name. */
export function formatLabelCsv(rows: readonly LabelRow[]): string {
  return rows
    .map(({ image, attribute, label }) => formatCsvRow([image, attributeColumn(attribute), label]))
    .join("");
}
