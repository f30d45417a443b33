import { describe, expect, it } from "vitest";
import {
  ANSWER_FILE,
  chooseImages,
  cutImages,
  epochOrder,
  loadDataset,
  splitImages,
} from "../../src/data/dataset.ts";
import { loadQuestions } from "../../src/data/questions.ts";
import { classOf } from "../../src/formats/label_csv.ts";
import { memoryFiles } from "./memory_files.ts";

const FILES = memoryFiles({
  "data/Annotations/label.csv":
    "Images/a.jpg,x_labels,yn\nImages/b.jpg,y_labels,nny\nImages/a.jpg,y_labels,nyn\n",
  "data/Tests/answer.csv": "Images/q.jpg,y_labels,nny\n",
  "data/Tests/question.csv": "Images/q.jpg,y_labels,\nImages/r.jpg,x_labels,?\nImages/q.jpg,x_labels,\n",
  "broken/Annotations/label.csv": "Images/a.jpg,x_labels,yn\n\nImages/b.jpg,x_labels\n",
  "empty/readme.txt": "",
});

describe("loadDataset", () => {
  it("reads heads and images of a folder", async () => {
    const dataset = await loadDataset(FILES, "data");
    expect(dataset.folder).toBe("data");
    expect(dataset.labelFile).toBe("Annotations/label.csv");
    expect(dataset.heads).toEqual([
      { name: "x", classes: 2, rows: 1 },
      { name: "y", classes: 3, rows: 2 },
    ]);
    expect(dataset.images.map((image) => [image.path, classOf(image, 0), classOf(image, 1)])).toEqual([
      ["Images/a.jpg", 0, 1],
      ["Images/b.jpg", -1, 2],
    ]);
    expect(dataset.notes).toEqual([]);
  });

  it("reads answers in the order of a model's heads", async () => {
    const { heads } = await loadDataset(FILES, "data");
    const answers = await loadDataset(FILES, "data", { labelFile: ANSWER_FILE, heads });
    expect(answers.heads.map(({ name, rows }) => [name, rows])).toEqual([
      ["x", 0],
      ["y", 1],
    ]);
    expect(answers.images[0]?.labels).toEqual([{ head: 1, letters: "nny", class: 2 }]);
  });

  it("names missing folders, missing files and bad rows", async () => {
    await expect(loadDataset(FILES, "nowhere")).rejects.toThrow(
      "nowhere: no such folder; expected one with Annotations/label.csv and the images it names",
    );
    await expect(loadDataset(FILES, "empty")).rejects.toThrow(
      "empty/Annotations/label.csv: no such file; expected Annotations/label.csv in the data folder empty",
    );
    await expect(loadDataset(FILES, "broken")).rejects.toThrow(
      /^Annotations\/label\.csv:3: expected 3 columns/,
    );
    const skipped = await loadDataset(FILES, "broken", { skipBad: true });
    expect(skipped.badRows.map(({ line }) => line)).toEqual([3]);
  });
});

describe("loadQuestions", () => {
  const heads = [
    { name: "x", classes: 2 },
    { name: "y", classes: 3 },
  ];

  it("lists each image once and every row in order", async () => {
    const set = await loadQuestions(FILES, "data", heads);
    expect(set.images).toEqual([
      { path: "Images/q.jpg", line: 1, labels: [] },
      { path: "Images/r.jpg", line: 2, labels: [] },
    ]);
    expect(set.questions.map(({ imageIndex, headIndex }) => [imageIndex, headIndex])).toEqual([
      [0, 1],
      [1, 0],
      [0, 0],
    ]);
  });

  it("refuses an attribute that the model lacks", async () => {
    await expect(loadQuestions(FILES, "data", [{ name: "y", classes: 3 }])).rejects.toThrow(
      "Tests/question.csv:2: the attribute x is not one of the model's: y",
    );
    const set = await loadQuestions(FILES, "data", [{ name: "y", classes: 3 }], { skipBad: true });
    expect(set.questions.map(({ image }) => image)).toEqual(["Images/q.jpg"]);
    expect(set.badRows.map(({ line }) => line)).toEqual([2, 3]);
    expect(set.notes).toEqual([
      expect.stringMatching(/^2 bad rows left out, more than a tenth of 3; the first: /),
    ]);
  });

  it("refuses a file whose rows are all bad, even if bad ones may be left out", async () => {
    const loading = loadQuestions(FILES, "data", [{ name: "z", classes: 2 }], { skipBad: true });
    await expect(loading).rejects.toThrow(
      "Tests/question.csv: expected rows but found none; 3 bad rows, first Tests/question.csv:1: the attribute y is",
    );
  });

  it("takes two spellings of a path for one image, and keeps both for the answer", async () => {
    const files = memoryFiles({
      "data/Images/q.jpg": "q",
      "data/Tests/question.csv":
        "./Images/q.jpg,x_labels,\nImages\\q.jpg,y_labels,\n Images//q.jpg,x_labels,?\n",
    });
    const { images, questions, notes } = await loadQuestions(files, "data", heads);
    expect(images.map(({ path }) => path)).toEqual(["Images/q.jpg"]);
    expect(questions.map(({ imageIndex, image }) => [imageIndex, image])).toEqual([
      [0, "./Images/q.jpg"],
      [0, "Images\\q.jpg"],
      [0, " Images//q.jpg"],
    ]);
    expect(notes).toEqual([expect.stringContaining("1 path with back-slashes taken for slashes")]);
  });

  it("skips a header, also one whose third column is empty", async () => {
    for (const header of ["image,attribute,answer", "file,attribute_id,"]) {
      const files = memoryFiles({ "data/Tests/question.csv": `${header}\na.jpg,x,\n` });
      const { questions, notes } = await loadQuestions(files, "data", heads);
      expect(questions.map(({ line }) => line)).toEqual([2]);
      expect(notes).toEqual([`Tests/question.csv:1: taken for a header and skipped: ${header}`]);
    }
  });
});

describe("splitImages", () => {
  const sorted = (values: number[]) => [...values].sort((a, b) => a - b);
  const all = (count: number) => Array.from({ length: count }, (_, index) => index);

  it("cuts 80 to 20 with every image in exactly one part", () => {
    const { training, validation } = splitImages(1003, { seed: 1 });
    expect(training).toHaveLength(802);
    expect(sorted([...training, ...validation])).toEqual(all(1003));
    expect(training).not.toEqual(sorted(training));
  });

  it("depends on the seed and on nothing else", () => {
    expect(splitImages(100, { seed: 7 })).toEqual(splitImages(100, { seed: 7 }));
    expect(splitImages(100, { seed: 8 })).not.toEqual(splitImages(100, { seed: 7 }));
  });

  it("takes a limit after the shuffle and before the split", () => {
    const whole = splitImages(100, { seed: 3 });
    const limited = splitImages(100, { seed: 3, limit: 10 });
    expect([...limited.training, ...limited.validation]).toEqual([...whole.training].slice(0, 10));
    expect(limited.training).toHaveLength(8);
    expect(splitImages(100, { seed: 3, limit: 500 })).toEqual(whole);
  });

  it("gives both parts at least one image where it can", () => {
    const sizes = [0, 1, 2, 3, 4].map((count) => {
      const { training, validation } = splitImages(count, { seed: 1 });
      return [training.length, validation.length];
    });
    expect(sizes).toEqual([
      [0, 0],
      [1, 0],
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses the limit %s", (limit) => {
    expect(() => splitImages(10, { seed: 1, limit })).toThrow(/expected a whole number from 1/);
  });
});

describe("cutImages", () => {
  const chosen = chooseImages(20, { seed: 4 });

  it("is the split of before where no images are identical", () => {
    expect(cutImages(chosen)).toEqual({ training: chosen.slice(0, 16), validation: chosen.slice(16) });
    expect(splitImages(20, { seed: 4 })).toEqual(cutImages(chosen));
  });

  it("keeps identical images on one side, wherever the order has them", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const groups = [
        [0, 5, 9],
        [1, 2],
        [3, 19],
      ];
      const order = chooseImages(20, { seed });
      const { training, validation } = cutImages(order, groups);
      for (const group of groups) {
        const inTraining = group.filter((image) => training.includes(image)).length;
        expect([0, group.length]).toContain(inTraining);
      }
      expect([...training, ...validation].sort((a, b) => a - b)).toEqual([...order].sort((a, b) => a - b));
      expect(training.length).toBeGreaterThanOrEqual(16);
      expect(validation.length).toBeGreaterThan(0);
    }
  });

  it("leaves something to validate on unless all images are one, and knows no image beyond the limit", () => {
    expect(cutImages([0, 1, 2], [[0, 2]])).toEqual({ training: [0, 2], validation: [1] });
    expect(cutImages([1, 0, 2], [[0, 2]])).toEqual({ training: [1], validation: [0, 2] });
    expect(cutImages([0, 1, 2], [[0, 1, 2]])).toEqual({ training: [0, 1, 2], validation: [] });
    expect(cutImages([0, 1], [[0, 7]])).toEqual({ training: [0], validation: [1] });
  });
});

describe("epochOrder", () => {
  it("is a permutation, another one each epoch and seed, the same each time", () => {
    const images = [4, 8, 15, 16, 23, 42, 99];
    const first = epochOrder(images, 1, 0);
    expect([...first].sort((a, b) => a - b)).toEqual(images);
    expect(epochOrder(images, 1, 0)).toEqual(first);
    expect(epochOrder(images, 1, 1)).not.toEqual(first);
    expect(epochOrder(images, 2, 0)).not.toEqual(first);
  });
});
