import { describe, expect, it } from "vitest";
import { WeftError } from "../../src/base/errors.ts";
import { decodeCsvText } from "../../src/formats/csv_text.ts";

const PATH = "Annotations/label.csv";
const ROWS = "Images/p00.jpg,colour_labels,ynn\nImages/p01.jpg,colour_labels,nyn\n";

function faultOf(bytes: readonly number[] | Uint8Array): string {
  try {
    decodeCsvText(Uint8Array.from(bytes), PATH);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(WeftError);
    return (thrown as WeftError).message;
  }
  throw new Error("nothing was thrown");
}

const ascii = (text: string) => [...text].map((letter) => letter.codePointAt(0) ?? 0);
const wide = (text: string, isLittle: boolean) =>
  [...text].flatMap((letter) => {
    const code = letter.codePointAt(0) ?? 0;
    return isLittle ? [code & 255, code >> 8] : [code >> 8, code & 255];
  });

describe("decodeCsvText", () => {
  it("reads UTF-8 with and without a byte order mark", () => {
    const bytes = new TextEncoder().encode("Images/é图.jpg");
    expect(decodeCsvText(bytes, PATH)).toBe("Images/é图.jpg");
    expect(decodeCsvText(Uint8Array.of(0xef, 0xbb, 0xbf, ...bytes), PATH)).toBe("Images/é图.jpg");
  });

  it.each([
    ["UTF-16LE", [0xff, 0xfe, ...wide(ROWS, true)]],
    ["UTF-16BE", [0xfe, 0xff, ...wide(ROWS, false)]],
    ["UTF-16LE", wide(ROWS, true)],
    ["UTF-16BE", wide(ROWS, false)],
    ["UTF-16LE", wide("图片/图片图片.jpg,属性,ynn\n", true)],
    ["UTF-32LE", [0xff, 0xfe, 0, 0, ...ascii("abcd")]],
  ])("names %s", (name, bytes) => {
    const fault = faultOf(bytes);
    expect(fault).toMatch(new RegExp(`^Annotations/label\\.csv:1: the file seems to be in ${name}, `));
    expect(fault).toContain(`iconv -f ${name} -t UTF-8 label.csv`);
  });

  /** Bytes written down by hand: `iconv -f UTF-8 -t NAME | xxd`. */
  it.each([
    ["Windows-1252", [0xe9], "é"],
    ["Windows-1252", [0x63, 0x61, 0x66, 0xe9, 0x20, 0xfc, 0x62, 0x65, 0x72], "café über"],
    ["GBK", [0xd5, 0xd5, 0xc6, 0xac], "照片"],
    ["GBK", [0xd2, 0xc2, 0xb7, 0xfe, 0xb3, 0xa4, 0xb6, 0xc8], "衣服长度"],
    ["Windows-1251", [0xef, 0xeb, 0xe0, 0xf2, 0xfc, 0xe5], "платье"],
    ["Shift_JIS", [0x83, 0x58, 0x83, 0x4a, 0x81, 0x5b, 0x83, 0x67], "スカート"],
  ])("suspects %s, names the first line that shows it, and reads it so", (name, bytes, text) => {
    const line = [...ascii("Images/"), ...bytes, ...ascii(".jpg,colour_labels,ynn")];
    for (const end of ["\n", "\r\n", "\r"]) {
      const rows = ascii(ROWS.replaceAll("\n", end));
      const fault = faultOf([...rows, ...line, ...ascii(end), ...line]);
      expect(fault).toMatch(/^Annotations\/label\.csv:3: the line is not UTF-8; /);
      expect(fault).toContain(`seems to be in ${name}`);
      expect(fault).toContain(`reads "Images/${text}.jpg,colour_labels,ynn"`);
    }
  });

  it("says of files that are no text what they are", () => {
    expect(faultOf(ascii("PK\x03\x04..."))).toBe(
      `${PATH}: expected a CSV file but it is an Excel workbook or another zip archive; export the sheet as CSV (UTF-8)`,
    );
    expect(faultOf([0x1f, 0x8b, 8, 0])).toMatch(/compressed by gzip/);
    expect(faultOf(ascii(`${ROWS}a\x00b,c,yn`))).toMatch(/^Annotations\/label\.csv:3: there is a zero byte/);
  });
});
