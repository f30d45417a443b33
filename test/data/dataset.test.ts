import { describe, expect, it } from "vitest";
import { ANSWER_FILE, epochOrder, loadDataset, splitImages } from "../../src/data/dataset.ts";
import { loadQuestions } from "../../src/data/questions.ts";
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
    expect(dataset.images.map(({ path, classes }) => [path, classes])).toEqual([
      ["Images/a.jpg", [0, 1]],
      ["Images/b.jpg", [-1, 2]],
    ]);
  });

  it("reads answers in the order of a model's heads", async () => {
    const { heads } = await loadDataset(FILES, "data");
    const answers = await loadDataset(FILES, "data", { labelFile: ANSWER_FILE, heads });
    expect(answers.heads.map(({ name, rows }) => [name, rows])).toEqual([
      ["x", 0],
      ["y", 1],
    ]);
    expect(answers.images[0]?.classes).toEqual([-1, 2]);
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
    expect(set.images.map(({ path, line, classes }) => [path, line, classes])).toEqual([
      ["Images/q.jpg", 1, [-1, -1]],
      ["Images/r.jpg", 2, [-1, -1]],
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
