import { describe, expect, it } from "vitest";
import { formatCsvRow, parseCsvRows } from "../../src/formats/csv_rows.ts";

describe("parseCsvRows", () => {
  it("counts lines over blank ones, Windows line ends and a byte order mark", () => {
    const text = "\ufeffa,b,c\r\n\r\nd,e,f\r\n  \r\ng,h\r\n\r\n";
    const rows = [
      { columns: ["a", "b", "c"], line: 1 },
      { columns: ["d", "e", "f"], line: 3 },
      { columns: ["g", "h"], line: 5 },
    ];
    expect(parseCsvRows(text, "x.csv")).toEqual(rows);
    expect(parseCsvRows(new TextEncoder().encode(text), "x.csv")).toEqual(rows);
  });

  it("reads a last row without a line end, and nothing from an empty file", () => {
    expect(parseCsvRows("a,b\nc,d", "x.csv").map(({ columns }) => columns)).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
    expect(parseCsvRows("", "x.csv")).toEqual([]);
  });

  it("names the line of a quote that is never closed", () => {
    expect(() => parseCsvRows('a,b\n"c,d\ne,f\n', "x.csv")).toThrow(
      /^x\.csv:2: a quote is opened in or after this line and never closed/,
    );
  });

  it("reads back what formatCsvRow writes", () => {
    const columns = ['a "quoted" name.jpg', "with, comma", "two\nlines", "plain", "ü"];
    expect(parseCsvRows(formatCsvRow(columns), "x.csv")[0]?.columns).toEqual(columns);
    expect(formatCsvRow(["plain", "0.5;0.5"])).toBe("plain,0.5;0.5\n");
  });
});
