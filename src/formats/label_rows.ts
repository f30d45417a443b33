// The rows of a label file that are valid by themselves, and the heads that they name. Checks between the rows of one
// image are in label_csv.ts, once it is known which rows belong to one image.

import { WeftError } from "../base/errors.ts";
import type { Head } from "../models/heads.ts";
import { attributeOf, lookAlikeNotes } from "./attribute_names.ts";
import { type CsvRow, parseCsvRows } from "./csv_rows.ts";
import { faultOfColumns, faultOfLetters, isHeader, withoutEmptyEnd } from "./label_row.ts";

/** More than this are not attributes: the second column probably holds identifiers. */
const MAX_ATTRIBUTES = 1000;

/** A row that was left out because the caller asked to skip bad rows. */
export interface BadRow {
  line: number;
  /** The whole line that would have been thrown, `path:line: …`. */
  message: string;
}

/** A row that is valid by itself. */
export interface LabelledRow {
  /** The first column as it is in the file. */
  image: string;
  /** Index of the head. */
  head: number;
  letters: string;
  line: number;
}

/** The content of a label file, row by row. */
export interface LabelRows {
  heads: Head[];
  rows: LabelledRow[];
  badRows: BadRow[];
  /** Remarks for the user, a sentence each: what was changed on reading or looks unusual. */
  notes: string[];
}

/** How a label file is read. */
export interface LabelOptions {
  /**
   * The model's heads, if there is one: they fix the order and the class counts, and a row for any other attribute is
   * an error. Otherwise both come from the file.
   */
  heads?: readonly Head[] | undefined;
  /** Leaves bad rows out and lists them in `badRows`. */
  skipBad?: boolean | undefined;
}

/**
 * The rows of a file without its header and without empty columns after the third.
 * @param path named in messages and notes
 * @throws WeftError if it is not a CSV file in UTF-8
 */
export function readRows(content: string | Uint8Array, path: string): { rows: CsvRow[]; notes: string[] } {
  const all = parseCsvRows(content, path);
  const notes: string[] = [];
  const long = all.find(({ columns }) => withoutEmptyEnd(columns).length < columns.length);
  if (long) notes.push(`${path}:${long.line}: the empty column behind the third is ignored, here and below`);
  const first = all[0];
  if (!first || !isHeader(first.columns)) return { rows: all.map(shortened), notes };
  const header = first.columns.join();
  const isHeaderRow = ({ columns }: CsvRow) => columns.join() === header;
  const second = all.slice(1).find(isHeaderRow); // in files that were concatenated
  const again = second ? `, and again in line ${second.line}` : "";
  notes.push(headerNote(path, first, again));
  return { rows: all.filter((row) => !isHeaderRow(row)).map(shortened), notes };
}

/** The note about a header. */
export function headerNote(path: string, { columns, line }: CsvRow, again = ""): string {
  return `${path}:${line}: taken for a header and skipped${again}: ${columns.join()}`;
}

const shortened = ({ columns, line }: CsvRow): CsvRow => ({ columns: [...withoutEmptyEnd(columns)], line });

/** Collects rows; `add` returns the fault of a row and then does not add it. */
class RowCollector {
  readonly heads: Head[];
  readonly rows: LabelledRow[] = [];
  private readonly indexOfHead = new Map<string, number>();
  private readonly isOpen: boolean;

  constructor(known: readonly Head[] | undefined) {
    this.isOpen = known === undefined;
    this.heads = (known ?? []).map(({ name, classes }) => ({ name, classes }));
    for (const [index, head] of this.heads.entries()) this.indexOfHead.set(head.name, index);
  }

  add(columns: readonly string[], line: number): string | undefined {
    const faulty = faultOfColumns(columns, "label");
    if (faulty !== undefined) return faulty;
    const [image = "", column = "", label = ""] = columns;
    const attribute = attributeOf(column);
    const letters = label.trim();
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
    if (index === undefined) index = this.addHead(attribute, classes);
    this.rows.push({ image, head: index, letters, line });
    return undefined;
  }

  private addHead(name: string, classes: number): number {
    const index = this.heads.push({ name, classes }) - 1;
    this.indexOfHead.set(name, index);
    return index;
  }
}

/** The fault of a file whose second column names too many attributes. */
function tooManyAttributes(rows: readonly CsvRow[], path: string, line: number): WeftError {
  const attributes = new Set(rows.map(({ columns }) => attributeOf(columns[1] ?? ""))).size;
  const [count, limit, all] = [attributes, MAX_ATTRIBUTES, rows.length].map((n) => n.toLocaleString("en-US"));
  return new WeftError(
    `${path}:${line}: the file names ${count} attributes in ${all} rows, and weft takes up to ${limit}. The second ` +
      "column should hold the attribute's name, which many rows share (Images/a.jpg,skirt_length_labels,nnynnn); " +
      "does it hold an identifier of the image?",
  );
}

/**
 * Reads the rows of a label file.
 * @param path named in messages, in the form the caller wants to see
 * @throws WeftError `path:line: …` for the first bad row; `path: …` if no row is good
 */
export function readLabelRows(
  content: string | Uint8Array,
  path: string,
  { heads, skipBad }: LabelOptions = {},
): LabelRows {
  const collector = new RowCollector(heads);
  const badRows: BadRow[] = [];
  const { rows, notes } = readRows(content, path);
  for (const { columns, line } of rows) {
    const fault = collector.add(columns, line);
    if (heads === undefined && collector.heads.length > MAX_ATTRIBUTES) {
      throw tooManyAttributes(rows, path, line);
    }
    if (fault === undefined) continue;
    const message = `${path}:${line}: ${fault}`;
    if (!skipBad) throw new WeftError(message);
    badRows.push({ line, message });
  }
  requireGoodRows(collector.rows.length, badRows, path);
  const alike = heads === undefined ? lookAlikeNotes(collector.heads.map(({ name }) => name)) : [];
  notes.push(...alike.map((note) => `${path}: ${note}`));
  return { heads: collector.heads, rows: collector.rows, badRows, notes };
}

/** @throws WeftError if there is no good row */
function requireGoodRows(good: number, badRows: readonly BadRow[], path: string): void {
  if (good > 0) return;
  const expected = "expected rows such as Images/a.jpg,skirt_length_labels,nnynnn but found none";
  const bad = badRows.length === 0 ? "" : `; ${badRows.length} bad rows, first ${badRows[0]?.message}`;
  throw new WeftError(`${path}: ${expected}${bad}`);
}

/** From this share of bad rows on, leaving them out deserves a warning. */
const MANY = 0.1;
const SHOWN = 3;

/** A sentence about the rows that were left out, if any; if there were many, with the first three. */
export function badRowNotes(badRows: readonly BadRow[], rows: number): string[] {
  const count = badRows.length;
  if (count === 0) return [];
  const isMany = count > MANY * rows;
  const left = `${count} bad row${count === 1 ? "" : "s"} left out`;
  if (!isMany) return [`${left}, first ${badRows[0]?.message}`];
  const first = badRows.slice(0, SHOWN).map(({ message }) => message);
  return [`${left}, more than a tenth of ${rows}; the first: ${first.join("; ")}`];
}
