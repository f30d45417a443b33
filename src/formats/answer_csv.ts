// The answer file: the question's rows in their order, its first two columns as they were, and the
// probabilities `p0;p1;…` with 8 decimals as the third. No header.

import { formatCsvRow } from "./csv_rows.ts";
import type { QuestionRow } from "./label_csv.ts";

const DECIMALS = 8;

/**
 * Text of an answer file.
 * @param probabilities of row i, one a class of its attribute
 * @throws RangeError where a row has no probabilities or one of them is not a finite number
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
 * @param name of what is answered, for the fault
 * @throws RangeError where there are no probabilities or one of them is not a finite number
 */
export function probabilityColumn(probabilities: ArrayLike<number>, name: string): string {
  const values = Array.from(probabilities);
  if (values.length === 0 || !values.every(Number.isFinite)) {
    throw new RangeError(`the answer to ${name} is not finite: ${values}`);
  }
  return values.map((value) => value.toFixed(DECIMALS)).join(";");
}
