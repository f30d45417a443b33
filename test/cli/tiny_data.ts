// A data folder small enough for tests: noisy squares of three colours, light or dark.

import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { RandomStream } from "../../src/base/random.ts";
import { formatLabelCsv, type LabelRow } from "../../src/formats/label_csv.ts";

const COLOURS = [
  [200, 40, 40],
  [40, 200, 40],
  [40, 40, 200],
] as const;
const SIDE = 40;

/** An empty folder below the system's one for temporary files. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "weft-test-"));
}

/** Writes a file and the folders above it. */
export function writeIn(folder: string, name: string, content: string | Uint8Array): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** A JPEG of a colour class and a tone class. */
export async function drawSquare(colour: number, tone: number, number: number): Promise<Uint8Array> {
  const random = new RandomStream(7, `square ${number}`);
  const base = COLOURS[colour] ?? [0, 0, 0];
  const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
    const value = (base[i % 3] ?? 0) * (tone === 0 ? 0.4 : 1) + random.between(-30, 30);
    return Math.min(255, Math.max(0, value));
  });
  return sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

const letters = (classes: number, right: number) =>
  Array.from({ length: classes }, (_, i) => (i === right ? "y" : "n")).join("");

/** Writes images `Images/<part><i>.jpg` and returns their rows; every third image has no tone. */
async function drawPart(folder: string, part: string, count: number): Promise<LabelRow[]> {
  const rows: LabelRow[] = [];
  for (let i = 0; i < count; i++) {
    const colour = i % 3;
    const tone = i % 2;
    const image = `Images/${part}${i}.jpg`;
    writeIn(folder, image, await drawSquare(colour, tone, i + part.length * 1000));
    rows.push({ image, attribute: "colour", label: letters(3, colour) });
    if (i % 3 !== 2) rows.push({ image, attribute: "tone", label: letters(2, tone) });
  }
  return rows;
}

/** Draws a whole data folder, tests with answers included, and returns its path. */
export async function drawTinyData(images = 20, tests = 5): Promise<string> {
  const folder = temporaryFolder();
  writeIn(folder, "Annotations/label.csv", formatLabelCsv(await drawPart(folder, "train", images)));
  const answers = await drawPart(folder, "test", tests);
  writeIn(folder, "Tests/answer.csv", formatLabelCsv(answers));
  writeIn(folder, "Tests/question.csv", formatLabelCsv(answers.map((row) => ({ ...row, label: "" }))));
  return folder;
}
