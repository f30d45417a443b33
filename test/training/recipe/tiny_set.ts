// A data set made in memory: squares of three colours, light or dark, which only their decoder knows.

import type { AttributeDataset } from "../../../src/data/dataset.ts";
import type { ImageDecoder } from "../../../src/data/images.ts";

const COLOURS = [
  [200, 40, 40],
  [40, 200, 40],
  [40, 40, 200],
] as const;

const HEADS = [
  { name: "colour", classes: 3, rows: 0 },
  { name: "tone", classes: 2, rows: 0 },
];

const lettersOf = (classes: number, right: number) =>
  Array.from({ length: classes }, (_, i) => (i === right ? "y" : "n")).join("");

/** Squares `square 0`, `square 1`, …; every third has no tone. */
export function tinySet(images: number): AttributeDataset {
  const labelled = Array.from({ length: images }, (_, i) => {
    const right = [i % 3, i % 2].slice(0, i % 3 === 2 ? 1 : 2);
    const labels = right.map((of, head) => ({
      head,
      letters: lettersOf(HEADS[head]?.classes ?? 0, of),
      class: of,
    }));
    return { path: `square ${i}`, line: i + 1, labels };
  });
  const heads = HEADS.map((head, index) => ({
    ...head,
    rows: labelled.filter(({ labels }) => labels.some((label) => label.head === index)).length,
  }));
  return { folder: "", labelFile: "", heads, images: labelled, badRows: [], notes: [] };
}

/** Paints the squares; bytes are a file whose only byte is the number of the square. */
export const tinyDecoder: ImageDecoder = {
  decode: async (image, width, height) => {
    const number = typeof image === "string" ? Number(/\d+$/.exec(image)?.[0]) : (image[0] ?? 0);
    const base = COLOURS[number % 3] ?? [0, 0, 0];
    const shade = number % 2 === 0 ? 0.4 : 1;
    return Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      return (base[i % 3] ?? 0) * shade + (((i * 7919 + number * 104729) % 61) - 30) / 2;
    });
  },
};

/** Settings that keep a training short. */
export const TINY = { alpha: 0.35, size: 32, batch: 8, phases: "1@1e-3" } as const;
