// The answer file: the question's rows in order, with the first two columns unchanged and the probabilities `p0;p1;…`
// with 8 decimals as the third. No header.

import { formatCsvRow } from "./csv_rows.ts";
import type { QuestionRow } from "./label_csv.ts";

const DECIMALS = 8;

/**
 * Text of an answer file.
 * @param probabilities for row i, one per class of its attribute
 * @throws RangeError if a row has no probabilities or one of them is not a finite number
 */
export function formatAnswerCsv(
  rows: readonly QuestionRow[],
  probabilities: readonly ArrayLike<number>[],
): string {
  return rows.map((row, index) => formatRow(row, probabilities[index])).join("");
}

function formatRow(row: QuestionRow, probabilities: ArrayLike<number> | undefined): string {
  const name = `line ${row.line} (${row.image}, ${row.attribute})`;
  return formatCsvRow([row.image, row.attributeColumn, probabilityColumn(probabilities ?? [], name)]);
}

/**
 * The third column: `0.25000000;0.75000000`.
 * @param name of the row, for the message
 * @throws RangeError if there are no probabilities or one of them is not a finite number
 */
export function probabilityColumn(probabilities: ArrayLike<number>, name: string): string {
  const values = Array.from(probabilities);
  if (values.length === 0 || !values.every(Number.isFinite)) {
    throw new RangeError(`the answer to ${name} is not finite: ${values}`);
  }
  return values.map((value) => value.toFixed(DECIMALS)).join(";");
}
