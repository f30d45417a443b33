import { describe, expect, it } from "vitest";
import { WeftError } from "../../src/base/errors.ts";
import { classOf, formatLabelCsv, parseLabelCsv, parseQuestionCsv } from "../../src/formats/label_csv.ts";

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
      {
        path: "Images/skirt/a.jpg",
        line: 1,
        labels: [
          { head: 0, letters: "nny", class: 2 },
          { head: 1, letters: "ynnn", class: 0 },
        ],
      },
      { path: "Images/b.jpg", line: 2, labels: [{ head: 1, letters: "nymn", class: 1 }] },
      { path: "Images/c.jpg", line: 4, labels: [{ head: 2, letters: "yn", class: 0 }] },
    ]);
    expect(badRows).toEqual([]);
  });

  it.each([
    ["a.jpg,x_labels", "expected 3 columns (image, attribute, label) but the row has 2"],
    ["a.jpg,x_labels,yn,5", "expected 3 columns (image, attribute, label) but the row has 4"],
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
    expect(skipped.notes).toEqual([
      `1 bad row left out, more than a tenth of 3; the first: ${PATH}:3: ${fault}`,
    ]);
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
    expect(found.images.map((image) => heads.map((_, head) => classOf(image, head)))).toEqual([
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
    expect(faultOf(() => parseLabelCsv("a,b\n", PATH, { skipBad: true }))).toMatch(
      /^Annotations\/label\.csv: expected rows such as .* found none; 1 bad rows?, first Annotations\/label\.csv:1: /,
    );
  });

  it("reads Windows files and names that need quotes", () => {
    const { images } = parseLabelCsv(
      '\ufeff"Images/a, b.jpg",x_labels,ny\r\nc.jpg,x_labels,yn \r\n\r\n',
      PATH,
    );
    expect(images.map((image) => [image.path, classOf(image, 0)])).toEqual([
      ["Images/a, b.jpg", 1],
      ["c.jpg", 0],
    ]);
  });
});

describe("parseLabelCsv on files of other habits", () => {
  const fault = (text: string) => faultOf(() => parseLabelCsv(text, PATH));
  const pathsOf = (text: string) => parseLabelCsv(text, PATH).images.map(({ path }) => path);

  it.each([
    ["Images/a.jpg;x_labels;yn", "semicolons"],
    ['"Images/a.jpg";"x_labels";"yn"', "semicolons"],
    ["Images/a, b.jpg;x_labels;yn", "semicolons"],
    ["Images/a.jpg\tx_labels\tyn", "tabs"],
    ["Images/a.jpg|x_labels|yn", "vertical bars"],
    ["Images/a.jpg，x_labels，yn", "full-width commas"],
    ["Images/a.jpg x_labels yn", "spaces"],
    ["image;attribute;label", "semicolons"],
    ["Images/a.jpg;x_labels;yn;", "semicolons"],
  ])("names the delimiter of %j", (row, name) => {
    expect(fault(row)).toMatch(
      new RegExp(`^${PATH}:1: expected 3 columns .* they seem to be separated by ${name}, expected commas$`),
    );
  });

  it.each([
    ["a.jpg,x,YNN", "the label YNN has capital letters; expected lower-case ones: ynn"],
    ["a.jpg,x,ynN", "the label ynN has capital letters; expected lower-case ones: ynn"],
    ["a.jpg,x,y\u200bn", "the label y\u200bn has the letter U+200B; expected y, m or n for each class"],
    ["a.jpg,x,010", 'the label 010 has the letter "0"; expected y, m or n for each class'],
    ["a.jpg,x,red", 'the label red has the letter "r"; expected y, m or n for each class'],
    ['a.jpg,"x\ny",yn', 'the attribute "x\\ny" has a control character in it; expected plain text'],
  ])("says what is wrong with %j", (row, text) => {
    expect(fault(row)).toMatch(/^Annotations\/label\.csv:\d: /);
    expect(fault(row).replace(/^[^ ]* /, "")).toBe(text);
  });

  it("knows a row number and a path with a comma by the number of columns", () => {
    expect(fault("0,a.jpg,x,yn")).toMatch(/the first seems to be the number of the row, leave it out/);
    expect(fault("Images/a, b.jpg,x,yn")).toMatch(/a path with a comma needs quotes: "Images\/a, b\.jpg"$/);
  });

  it.each([
    "image,attribute,label",
    "图片,属性,标签",
    "FILE NAME,Attribute,Class",
    "img,attr,y/n",
    "a,b,many",
  ])("skips the header %j with a note, also where joined files repeat it", (header) => {
    const { images, heads, notes } = parseLabelCsv(`${header}\na.jpg,x,yn\n${header}\nb.jpg,x,ny\n`, PATH);
    expect(images.map(({ path, line }) => [path, line])).toEqual([
      ["a.jpg", 2],
      ["b.jpg", 4],
    ]);
    expect(heads).toEqual([{ name: "x", classes: 2, rows: 2 }]);
    expect(notes).toEqual([`${PATH}:1: taken for a header and skipped, and again in line 3: ${header}`]);
  });

  it("takes no row of an image for a header, and no header after the first row", () => {
    expect(fault("a.jpg,x,long")).toMatch(/^Annotations\/label\.csv:1: the label long has the letter "l"/);
    expect(fault("Images/a,x,long")).toMatch(/:1: the label long/);
    expect(fault("a,x_labels,long")).toMatch(/:1: the label long/);
    expect(fault("a.jpg,x,yn\nimage,attribute,label\n")).toMatch(/:2: the label label has the letter "l"/);
  });

  it("ignores empty columns behind the third with one note", () => {
    const { images, notes } = parseLabelCsv("a.jpg,x,yn,\nb.jpg,x,ny,,\n,,,\n", PATH);
    expect(images).toHaveLength(2);
    expect(notes).toEqual([`${PATH}:1: the empty column behind the third is ignored, here and below`]);
  });

  it("reads CR line ends and quoted columns", () => {
    expect(pathsOf('"a.jpg","x","yn"\rb.jpg,x,ny\r')).toEqual(["a.jpg", "b.jpg"]);
  });

  it("merges spellings of one path and finds their contradictions", () => {
    const text = "./Images/a.jpg,x,yn\nImages//a.jpg,y,yn\nz/../Images/a.jpg,x,yn\n Images/a.jpg ,z,ny\n";
    expect(pathsOf(text)).toEqual(["Images/a.jpg"]);
    expect(fault("Images/a.jpg,x,yn\n./Images/a.jpg,x,ny\n")).toBe(
      `${PATH}:2: Images/a.jpg has two different labels of x: ny here, yn in line 1; keep one of the two rows`,
    );
  });

  it("says of attributes that look alike that they are two heads", () => {
    const { heads, notes } = parseLabelCsv(
      "a.jpg,Colour_Labels,yn\na.jpg,colour_labels,yn\na.jpg,sleeve length,yn\na.jpg,Sleeve-Length_labels,yn\n",
      PATH,
    );
    expect(heads.map(({ name }) => name)).toEqual([
      "Colour_Labels",
      "colour",
      "sleeve length",
      "Sleeve-Length",
    ]);
    expect(notes).toEqual([
      expect.stringMatching(/label\.csv: the attributes Colour_Labels and colour look alike .* two heads/),
      expect.stringMatching(/the attributes sleeve length and Sleeve-Length look alike/),
    ]);
  });

  it("takes a composed and a decomposed name for one attribute", () => {
    const { heads } = parseLabelCsv("a.jpg,matie\u0300re,yn\nb.jpg,mati\u00e8re_labels,ny\n", PATH);
    expect(heads).toEqual([{ name: "mati\u00e8re", classes: 2, rows: 2 }]);
  });

  it("takes 1,000 attributes and refuses more, even if bad rows may be left out", () => {
    const rows = (count: number) => Array.from({ length: count }, (_, i) => `a${i}.jpg,i${i},nny\n`).join("");
    const most = parseLabelCsv(rows(1000), PATH);
    expect(most.heads).toHaveLength(1000);
    expect(most.images[999]?.labels).toEqual([{ head: 999, letters: "nny", class: 2 }]);
    expect(() => parseLabelCsv(rows(44_000), PATH, { skipBad: true })).toThrow(
      /^Annotations\/label\.csv:1001: the file names 44,000 attributes in 44,000 rows, .* second column should hold/,
    );
  });

  it("counts bad rows up to a tenth and names the first three of more", () => {
    const good = Array.from({ length: 40 }, (_, i) => `g${i}.jpg,x,yn\n`).join("");
    const bad = (count: number) => Array.from({ length: count }, (_, i) => `b${i}.jpg,x,qq\n`).join("");
    const notesOf = (count: number) => parseLabelCsv(good + bad(count), PATH, { skipBad: true }).notes;
    expect(notesOf(0)).toEqual([]);
    expect(notesOf(4)).toEqual([
      expect.stringMatching(/^4 bad rows left out, first [^;]*:41: [^;]*; expected/),
    ]);
    expect(notesOf(5)[0]).toMatch(
      /^5 bad rows left out, more than a tenth of 45; the first: .*csv:41: .*csv:42: .*csv:43: (?!.*csv:44)/,
    );
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
    expect(images.map(({ labels }) => labels.map(({ head, letters }) => [head, letters]))).toEqual([
      [[0, "nym"]],
      [[1, "yn"]],
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
