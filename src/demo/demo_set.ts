// Draws the demo set: a data folder in the FashionAI layout, a pure function of seed, number and version.
// Pictures are SVG until the renderer, which the platform brings, turns them into pixels and JPEG.

import { WeftError } from "../base/errors.ts";
import { RandomStream } from "../base/random.ts";
import { formatLabelCsv, type LabelRow } from "../formats/label_csv.ts";
import { drawPicture } from "./attributes.ts";
import { labelOf, type PlannedPicture, planDemoSet } from "./plan.ts";
import { addNoise } from "./scene.ts";

/** Counts up whenever a change makes other pictures or rows from the same seed and number. */
export const DEMO_VERSION = 2;

/** Width and height of a picture. */
const DEMO_PICTURE_PX = 128;

/** The set that training uses where no data folder is named. */
export const DEFAULT_DEMO = { seed: 1, images: 3200 } as const;

/** Fewer pictures could leave an attribute without a row. */
export const FEWEST_DEMO_IMAGES = 100;

const TESTS_PER_IMAGE = 0.15;

/** What decides every byte of a demo set. */
export interface DemoRecipe {
  readonly seed: number;
  /** Pictures in label.csv; the questions have 15 for every 100 of these besides. */
  readonly images: number;
}

/** Turns drawings into pictures; RGB is [px, px, 3] bytes. */
export interface PictureRenderer {
  rasterise(svg: string, px: number): Promise<Uint8Array>;
  encodeJpeg(rgb: Uint8Array, px: number): Promise<Uint8Array>;
}

/** Where the files go. Paths use `/` and are relative to the data folder; folders are made as needed. */
export interface DemoTarget {
  write(path: string, content: string | Uint8Array): Promise<void>;
}

export interface DrawDemoOptions extends DemoRecipe {
  readonly target: DemoTarget;
  readonly renderer: PictureRenderer;
  /** Pictures drawn at once. */
  readonly lanes?: number;
  readonly onProgress?: (drawn: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** The content of `demo.json`, by which a drawn set is known again. */
export function describeDemo({ seed, images }: DemoRecipe): string {
  const { training, tests } = countsOf(images);
  const about = { version: DEMO_VERSION, seed, images: training, tests, pixels: DEMO_PICTURE_PX };
  return `${JSON.stringify(about)}\n`;
}

function countsOf(images: number): { training: number; tests: number } {
  return { training: images, tests: Math.round(images * TESTS_PER_IMAGE) };
}

/**
 * Draws all pictures, then writes `Annotations/label.csv`, `Tests/question.csv`, `Tests/answer.csv` and,
 * last of all, `demo.json`.
 * @throws WeftError if the number of pictures is too small; the signal's reason once it is aborted
 */
export async function drawDemoSet(options: DrawDemoOptions): Promise<void> {
  const { seed, images, target } = options;
  if (!Number.isInteger(images) || images < FEWEST_DEMO_IMAGES) {
    throw new WeftError(
      `demo set: expected at least ${FEWEST_DEMO_IMAGES} pictures, a whole number; received ${images}`,
    );
  }
  const counts = countsOf(images);
  const plan = planDemoSet(seed, counts.training, counts.tests);
  const maybes = await drawPictures([...plan.training, ...plan.tests], options);
  const training = rowsOf(plan.training, maybes);
  const answers = rowsOf(plan.tests, maybes);
  const order = new RandomStream(seed, "demo rows");
  const shuffledAnswers = order.shuffled(answers);
  await target.write("Annotations/label.csv", formatLabelCsv(order.shuffled(training)));
  await target.write("Tests/answer.csv", formatLabelCsv(shuffledAnswers));
  const questions = shuffledAnswers.map((row) => ({ ...row, label: "" }));
  await target.write("Tests/question.csv", formatLabelCsv(questions));
  await target.write("demo.json", describeDemo(options));
}

/** Draws and writes the pictures; returns each picture's neighbouring class that would do too. */
async function drawPictures(
  pictures: readonly PlannedPicture[],
  { seed, target, renderer, lanes = 4, onProgress, signal }: DrawDemoOptions,
): Promise<Map<PlannedPicture, number | null>> {
  const maybes = new Map<PlannedPicture, number | null>();
  const queue = pictures.values();
  const drawLane = async () => {
    for (const picture of queue) {
      signal?.throwIfAborted();
      const { svg, maybe } = drawPicture(picture.attribute, picture.classIndex, seed, picture.path);
      const rgb = await renderer.rasterise(svg, DEMO_PICTURE_PX);
      addNoise(rgb, DEMO_PICTURE_PX, new RandomStream(seed, `${picture.path} noise`));
      await target.write(picture.path, await renderer.encodeJpeg(rgb, DEMO_PICTURE_PX));
      maybes.set(picture, maybe);
      onProgress?.(maybes.size, pictures.length);
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: lanes }, drawLane));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  return maybes;
}

function rowsOf(
  pictures: readonly PlannedPicture[],
  maybes: ReadonlyMap<PlannedPicture, number | null>,
): LabelRow[] {
  return pictures.flatMap((picture) => {
    const { path, attribute, classIndex, absent } = picture;
    const label = labelOf(attribute, classIndex, maybes.get(picture) ?? null);
    const row = { image: path, attribute: attribute.name, label };
    return absent ? [row, { image: path, attribute: absent.name, label: labelOf(absent, 0, null) }] : [row];
  });
}
