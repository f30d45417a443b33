import { expect, it } from "vitest";
import { findIdenticalImages, identicalNotes } from "../../src/data/identical_images.ts";
import { findImages } from "../../src/data/missing_images.ts";
import { splitForTraining } from "../../src/data/training_split.ts";
import { memoryFiles } from "./memory_files.ts";

const LABELS = "Annotations/label.csv";
/** Longer than what is compared first, and alike at the end. */
const long = (first: string) => first + "x".repeat(2000);

const CONTENTS = ["one", "two", "one", long("a"), long("b"), long("a"), "three", "one"];
const HEADS = [
  { name: "colour", classes: 3, rows: 8 },
  { name: "tone", classes: 2, rows: 2 },
];
const IMAGES = CONTENTS.map((_, i) => ({
  path: `Images/${i}.jpg`,
  line: i + 1,
  labels: [{ head: 0, letters: i === 2 ? "nyn" : "ynn", class: i === 2 ? 1 : 0 }],
}));
const DATASET = { folder: "data", labelFile: LABELS, heads: HEADS, images: IMAGES, badRows: [], notes: [] };
const FILES = memoryFiles(Object.fromEntries(CONTENTS.map((text, i) => [`data/Images/${i}.jpg`, text])));
const ALL = CONTENTS.map((_, i) => i);

it("finds files of the same bytes, and reads whole only those of one size and one end", async () => {
  const read: string[] = [];
  const hashed: string[] = [];
  const files = {
    ...FILES,
    readPart: (path: string, start: number, bytes: number) => {
      read.push(path);
      return FILES.readPart(path, start, bytes);
    },
    sha256: (path: string) => {
      hashed.push(path);
      return FILES.sha256(path);
    },
  };
  const { facts } = await findImages(FILES, DATASET, ALL);
  expect(await findIdenticalImages(files, DATASET, facts)).toEqual([
    [0, 2, 7],
    [3, 5],
  ]);
  expect(read.sort()).toEqual([0, 1, 2, 3, 4, 5, 7].map((i) => `data/Images/${i}.jpg`));
  expect(hashed.sort()).toEqual([0, 2, 3, 4, 5, 7].map((i) => `data/Images/${i}.jpg`));
});

it("takes a file that cannot be read for one of a kind", async () => {
  const { facts } = await findImages(FILES, DATASET, ALL);
  const files = {
    ...FILES,
    sha256: (path: string) => FILES.sha256(path.includes("0.jpg") ? "none" : path),
  };
  expect(await findIdenticalImages(files, DATASET, facts)).toEqual([
    [2, 7],
    [3, 5],
  ]);
});

it("reports the copies and what contradicts in their labels", () => {
  const groups = [
    [0, 2, 7],
    [3, 5],
  ];
  expect(identicalNotes(DATASET, groups)).toEqual([
    `${LABELS}: 2 images are there under 5 names, byte for byte, first Images/0.jpg (line 1) and Images/2.jpg (line 3); ` +
      "the split keeps the copies on one side",
    `${LABELS}:3: Images/2.jpg has the same bytes as Images/0.jpg (line 1) but another label of colour: nyn here, ynn there`,
  ]);
  expect(identicalNotes(DATASET, [])).toEqual([]);
});

it("keeps copies on one side of a training's split, also with a limit", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    for (const limit of [undefined, 6]) {
      const { split, notes } = await splitForTraining(FILES, DATASET, { seed, limit });
      const { training, validation } = split;
      expect(training.length + validation.length).toBe(limit ?? 8);
      for (const group of [
        [0, 2, 7],
        [3, 5],
      ]) {
        const sides = group.map((image) =>
          training.includes(image) ? 1 : validation.includes(image) ? 2 : 0,
        );
        expect(new Set(sides.filter((side) => side > 0)).size).toBeLessThan(2);
      }
      if (limit === undefined) expect(notes[0]).toMatch(/2 images are there under 5 names/);
    }
  }
});
