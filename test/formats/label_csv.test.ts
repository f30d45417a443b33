import { describe, expect, it } from "vitest";
import { WeftError } from "../../src/base/errors.ts";
import { formatLabelCsv, parseLabelCsv, parseQuestionCsv } from "../../src/formats/label_csv.ts";

const PATH = "Annotations/label.csv";

/** The message of the WeftError that the action throws. */
function faultOf(action: () => unknown): string {
  try {
    action();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(WeftError);
    return (thrown as WeftError).message;
  }
  throw new Error("nothing was thrown");
}

describe("parseLabelCsv", () => {
  it("takes heads, their order and their class counts from the file and merges an image's rows", () => {
    const text = [
      "Images/skirt/a.jpg,skirt_length_labels,nny",
      "Images/b.jpg,coat_length_labels,nymn",
      "Images/skirt/a.jpg,coat_length_labels,ynnn",
      "Images/c.jpg,collar,yn",
    ].join("\n");
    const { heads, images, badRows } = parseLabelCsv(text, PATH);
    expect(heads).toEqual([
      { name: "skirt_length", classes: 3, rows: 1 },
      { name: "coat_length", classes: 4, rows: 2 },
      { name: "collar", classes: 2, rows: 1 },
    ]);
    expect(images).toEqual([
      { path: "Images/skirt/a.jpg", line: 1, letters: ["nny", "ynnn", undefined], classes: [2, 0, -1] },
      { path: "Images/b.jpg", line: 2, letters: [undefined, "nymn", undefined], classes: [-1, 1, -1] },
      { path: "Images/c.jpg", line: 4, letters: [undefined, undefined, "yn"], classes: [-1, -1, 0] },
    ]);
    expect(badRows).toEqual([]);
  });

  it.each([
    ["a.jpg,x_labels", "expected 3 columns (image, attribute, label) but the row has 2"],
    ["a.jpg,x_labels,yn,", "expected 3 columns (image, attribute, label) but the row has 4"],
    ["a.jpg,x_labels,yny", "the label yny has 2 y; expected exactly one"],
    ["a.jpg,x_labels,nmn", 'the label "nmn" has no y; expected exactly one'],
    ["a.jpg,x_labels,", 'the label "" has no y; expected exactly one'],
    ["a.jpg,x_labels,nyq", 'the label nyq has the letter "q"; expected y, m or n for each class'],
    ["a.jpg,x_labels,yn", "the label yn of x has 2 letters but the rows before have 3"],
    [",x_labels,ynn", "the first column, the image's path, is empty"],
    ["a.jpg,_labels,ynn", "the second column, the attribute, is empty"],
  ])("refuses the row %j with its line", (row, fault) => {
    const text = `b.jpg,x_labels,ynn\n\n${row}\nc.jpg,x_labels,nny\n`;
    expect(faultOf(() => parseLabelCsv(text, PATH))).toBe(`${PATH}:3: ${fault}`);
    const skipped = parseLabelCsv(text, PATH, { skipBad: true });
    expect(skipped.badRows).toEqual([{ line: 3, message: `${PATH}:3: ${fault}` }]);
    expect(skipped.images.map(({ path }) => path)).toEqual(["b.jpg", "c.jpg"]);
    expect(skipped.heads).toEqual([{ name: "x", classes: 3, rows: 2 }]);
  });

  it("accepts a repeated row and refuses a contradictory one, naming both lines", () => {
    const repeated = parseLabelCsv("a.jpg,x_labels,yn\na.jpg,x_labels,yn\n", PATH);
    expect(repeated.images).toHaveLength(1);
    expect(repeated.heads[0]?.rows).toBe(2);
    expect(faultOf(() => parseLabelCsv("a.jpg,x_labels,yn\na.jpg,x_labels,ny\n", PATH))).toBe(
      `${PATH}:2: a.jpg has two different labels of x: ny here, yn in line 1; keep one of the two rows`,
    );
  });

  it("holds the file to a model's heads, in the model's order", () => {
    const heads = [
      { name: "x", classes: 2 },
      { name: "z", classes: 4 },
      { name: "y", classes: 3 },
    ];
    const found = parseLabelCsv("a.jpg,y_labels,nny\nb.jpg,x_labels,ny\n", PATH, { heads });
    expect(found.heads.map(({ name, rows }) => [name, rows])).toEqual([
      ["x", 1],
      ["z", 0],
      ["y", 1],
    ]);
    expect(found.images.map(({ classes }) => classes)).toEqual([
      [-1, -1, 2],
      [1, -1, -1],
    ]);
    expect(faultOf(() => parseLabelCsv("a.jpg,w_labels,ny\n", PATH, { heads }))).toBe(
      `${PATH}:1: the attribute w is not one of the model's: x, z, y`,
    );
    expect(faultOf(() => parseLabelCsv("a.jpg,x_labels,nny\n", PATH, { heads }))).toBe(
      `${PATH}:1: the label nny of x has 3 letters but the model has 2`,
    );
  });

  it("refuses a file without rows, and one whose rows are all bad", () => {
    expect(faultOf(() => parseLabelCsv("\n\n", PATH))).toMatch(
      /^Annotations\/label\.csv: expected rows such as/,
    );
    expect(faultOf(() => parseLabelCsv("a,b\n", PATH, { skipBad: true }))).toMatch(/found none$/);
  });

  it("reads Windows files and names that need quotes", () => {
    const { images } = parseLabelCsv(
      '\ufeff"Images/a, b.jpg",x_labels,ny\r\nc.jpg,x_labels,yn \r\n\r\n',
      PATH,
    );
    expect(images.map(({ path, classes }) => [path, classes[0]])).toEqual([
      ["Images/a, b.jpg", 1],
      ["c.jpg", 0],
    ]);
  });
});

describe("formatLabelCsv", () => {
  it("writes what parseLabelCsv and parseQuestionCsv read", () => {
    const rows = [
      { image: "Images/a.jpg", attribute: "x", label: "nym" },
      { image: "Images/b, c.jpg", attribute: "y", label: "yn" },
    ];
    expect(formatLabelCsv(rows)).toBe('Images/a.jpg,x_labels,nym\n"Images/b, c.jpg",y_labels,yn\n');
    const { images } = parseLabelCsv(formatLabelCsv(rows), PATH);
    expect(images.map(({ letters }) => letters)).toEqual([
      ["nym", undefined],
      [undefined, "yn"],
    ]);
    const questions = formatLabelCsv(rows.map((row) => ({ ...row, label: "" })));
    expect(parseQuestionCsv(questions, "q.csv").map(({ image }) => image)).toEqual(
      rows.map(({ image }) => image),
    );
  });
});

describe("parseQuestionCsv", () => {
  it("keeps rows in order, repeated ones and the second column as it was included", () => {
    const text = "b.jpg,x_labels,\r\na.jpg,y,?\r\nb.jpg,x_labels, ?\r\n";
    expect(parseQuestionCsv(text, "Tests/question.csv")).toEqual([
      { image: "b.jpg", attributeColumn: "x_labels", attribute: "x", line: 1 },
      { image: "a.jpg", attributeColumn: "y", attribute: "y", line: 2 },
      { image: "b.jpg", attributeColumn: "x_labels", attribute: "x", line: 3 },
    ]);
  });

  it.each([
    ["a.jpg,x_labels", "expected 3 columns (image, attribute, ?) but the row has 2"],
    ["a.jpg,x_labels,ny", "expected the third column of a question to be empty or ? but it is ny"],
    [",x_labels,?", "the first column, the image's path, is empty"],
    ["a.jpg, ,?", "the second column, the attribute, is empty"],
  ])("refuses the row %j with its line", (row, fault) => {
    expect(faultOf(() => parseQuestionCsv(`b.jpg,x,?\n${row}\n`, "q.csv"))).toBe(`q.csv:2: ${fault}`);
  });
});
