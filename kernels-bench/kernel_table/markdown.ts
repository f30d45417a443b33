// Tables and numbers in Markdown.

export type Row = readonly (string | number)[];

export function markdownTable(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

export const percent = (share: number) => `${Math.round(100 * share)}%`;
export const decimals = (value: number, digits = 1) => value.toFixed(digits);
