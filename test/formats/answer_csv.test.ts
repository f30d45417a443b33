import { expect, it } from "vitest";
import { formatAnswerCsv } from "../../src/formats/answer_csv.ts";
import { parseQuestionCsv } from "../../src/formats/label_csv.ts";

it("answers rows in their order with 8 decimals, the first two columns as they were", () => {
  const rows = parseQuestionCsv('b.jpg,x_labels,\n"a, 1.jpg",y,?\nb.jpg,x_labels,?\n', "q.csv");
  const x = Float32Array.of(0.25, 0.75);
  expect(formatAnswerCsv(rows, [x, [1e-9, 1, 0.123456789], x])).toBe(
    "b.jpg,x_labels,0.25000000;0.75000000\n" +
      '"a, 1.jpg",y,0.00000000;1.00000000;0.12345679\n' +
      "b.jpg,x_labels,0.25000000;0.75000000\n",
  );
});

it("refuses a row without an answer and one that is not finite", () => {
  const rows = parseQuestionCsv("a.jpg,x,\nb.jpg,x,\n", "q.csv");
  expect(() => formatAnswerCsv(rows, [[1]])).toThrow(/line 2 \(b\.jpg, x\)/);
  expect(() => formatAnswerCsv(rows, [[1], [Number.NaN]])).toThrow(RangeError);
});
