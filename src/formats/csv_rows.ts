// Rows of a CSV file with their line numbers, and rows back into text (RFC 4180).

import { CsvError, parse } from "csv-parse/browser/esm/sync";
import { messageOf, WeftError } from "../base/errors.ts";
import { decodeCsvText } from "./csv_text.ts";

/** One row: its columns, and the line of the file that it ends on, counted from 1. */
export interface CsvRow {
  columns: string[];
  line: number;
}

/**
 * Parses CSV text without a header. A byte order mark, Windows line ends and blank lines are accepted, as are rows of
 * nothing but commas, which spreadsheets leave behind. Rows may differ in their number of columns.
 * @param path named in messages, in the form the caller wants to see
 * @throws WeftError `path:line: …` if a quote is left open or the bytes are not UTF-8
 */
export function parseCsvRows(content: string | Uint8Array, path: string): CsvRow[] {
  const text = decodeCsvText(content, path);
  const rows: CsvRow[] = [];
  try {
    parse(text, {
      bom: true,
      on_record: (columns: string[], { lines }) => {
        if (columns.some((column) => column.trim() !== "")) rows.push({ columns, line: lines });
        return null;
      },
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
    });
  } catch (thrown) {
    const isUnclosed = thrown instanceof CsvError && thrown.code === "CSV_QUOTE_NOT_CLOSED";
    if (isUnclosed) {
      const line = (rows.at(-1)?.line ?? 0) + 1; // the parser names the last line of the file
      throw new WeftError(`${path}:${line}: a quote is opened in or after this line and never closed`);
    }
    const line = thrown instanceof CsvError && typeof thrown.lines === "number" ? `:${thrown.lines}` : "";
    throw new WeftError(`${path}${line}: not a CSV file: ${messageOf(thrown).replaceAll("\n", " ")}`);
  }
  return rows;
}

/** One line of CSV, its line feed included; a column is quoted if necessary. */
export function formatCsvRow(columns: readonly string[]): string {
  const quoted = columns.map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text));
  return `${quoted.join(",")}\n`;
}
