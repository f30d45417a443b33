// An attribute data set: its heads, its images with merged labels, the split into training and
// validation images and the order of an epoch. All random choices are pure functions of the seed.

import { WeftError } from "../base/errors.ts";
import { type FileSystem, joinPath, readRegularFile } from "../base/platform.ts";
import { RandomStream } from "../base/random.ts";
import { type LabelFile, type LabelledImage, mergeLabelRows } from "../formats/label_csv.ts";
import { readLabelRows } from "../formats/label_rows.ts";
import type { Head } from "../models/heads.ts";
import { resolveImagePaths } from "./image_paths.ts";

/** Where labels are, relative to the data folder. */
export const LABEL_FILE = "Annotations/label.csv";
/** Where the answers to the questions are, for data sets that have them. */
export const ANSWER_FILE = "Tests/answer.csv";

const TRAINING_SHARE = 0.8;
/** Four million rows of some 60 bytes. */
const LARGEST_CSV_BYTES = 256 * 2 ** 20;

/** Labelled images below a folder. An image is named by its index in `images`. */
export interface AttributeDataset extends LabelFile {
  folder: string;
  /** The file that the labels come from, relative to the folder; faults begin with it. Empty where there is none. */
  labelFile: string;
}

/** Groups of images of the same bytes, each in the order of the label file. */
export type IdenticalImages = readonly (readonly number[])[];

/** How faults name an image: `Annotations/label.csv:3: Images/a.jpg`, or its path where there is no file of labels. */
export function imagePlace(
  { labelFile }: Pick<AttributeDataset, "labelFile">,
  { line, path }: Pick<LabelledImage, "line" | "path">,
): string {
  return labelFile === "" ? path : `${labelFile}:${line}: ${path}`;
}

/** Indices of images. Training and validation have no image in common. */
export interface Split {
  training: number[];
  validation: number[];
}

/** How a data folder is read. */
export interface DatasetOptions {
  /** The file of labels, relative to the folder; `Annotations/label.csv` by default. */
  labelFile?: string | undefined;
  /** The model's heads, where there is one: the file must fit them. */
  heads?: readonly Head[] | undefined;
  /** Leaves bad rows out and lists them in `badRows`. */
  skipBad?: boolean | undefined;
}

/**
 * Reads a data folder's labels. Images are not opened; where the text of a path does not tell which file it
 * means, the file system is asked (`resolveImagePaths`). Rows of one file are one image.
 * @throws WeftError if folder or file is missing; `Annotations/label.csv:3: …` for a bad row
 */
export async function loadDataset(
  files: FileSystem,
  folder: string,
  { labelFile = LABEL_FILE, heads, skipBad }: DatasetOptions = {},
): Promise<AttributeDataset> {
  const content = await readDataFile(files, folder, labelFile);
  const read = readLabelRows(content, labelFile, { heads, skipBad });
  const columns = read.rows.map(({ image }) => image);
  const { pathOf, notes } = await resolveImagePaths(files, folder, columns);
  const merged = mergeLabelRows(read, labelFile, {
    skipBad,
    pathOf: (column) => pathOf.get(column) ?? column,
  });
  const found = notes.map((note) => `${labelFile}: ${note}`);
  return { folder, labelFile, ...merged, notes: [...merged.notes, ...found] };
}

/**
 * Reads a file of a data folder.
 * @throws WeftError telling a missing folder from a missing file
 */
export async function readDataFile(files: FileSystem, folder: string, name: string): Promise<Uint8Array> {
  if (!(await files.exists(folder))) {
    throw new WeftError(`${folder}: no such folder; expected one with ${LABEL_FILE} and the images it names`);
  }
  if ((await files.facts(folder))?.isRegularFile) {
    throw new WeftError(`${folder}: is a file; expected a folder with ${LABEL_FILE} and the images it names`);
  }
  const path = joinPath(folder, name);
  if (!(await files.exists(path))) {
    throw new WeftError(`${path}: no such file; expected ${name} in the data folder ${folder}`);
  }
  return readRegularFile(files, path, LARGEST_CSV_BYTES);
}

/** How images are chosen and cut. */
export interface SplitOptions {
  seed: number;
  /** Use n images only. */
  limit?: number | undefined;
}

/**
 * Shuffles image indices by the seed and keeps the first `limit`.
 * @throws WeftError if `limit` is not a positive whole number
 */
export function chooseImages(count: number, { seed, limit }: SplitOptions): number[] {
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
    throw new WeftError(`the limit of images is ${limit}; expected a whole number from 1`);
  }
  const indices = Array.from({ length: count }, (_, index) => index);
  return new RandomStream(seed, "data/split").shuffled(indices).slice(0, limit);
}

/**
 * Cuts chosen images 80 to 20. Identical ones stay together: where there are none, the first 80% of the order are
 * for training. From two different images on both parts have at least one.
 */
export function cutImages(chosen: readonly number[], identical: IdenticalImages = []): Split {
  const groupOf = new Map(identical.flatMap((group) => group.map((image) => [image, group] as const)));
  const isChosen = new Set(chosen);
  const units = new Set(chosen.map((image) => groupOf.get(image) ?? image));
  const wanted = Math.floor(chosen.length * TRAINING_SHARE);
  const cut = Math.max(1, Math.min(wanted, chosen.length - 1));
  const training = new Set<number>();
  let left = units.size;
  for (const unit of units) {
    const isLast = left-- === 1 && training.size > 0;
    if (isLast || training.size >= cut) break;
    for (const image of typeof unit === "number" ? [unit] : unit)
      if (isChosen.has(image)) training.add(image);
  }
  return {
    training: chosen.filter((image) => training.has(image)),
    validation: chosen.filter((image) => !training.has(image)),
  };
}

/**
 * Shuffles image indices by the seed, keeps the first `limit`, and cuts them 80 to 20.
 * @throws WeftError if `limit` is not a positive whole number
 */
export function splitImages(count: number, options: SplitOptions): Split {
  return cutImages(chooseImages(count, options));
}

/** The images of an epoch in the order in which it sees them; another order each epoch. */
export function epochOrder(images: readonly number[], seed: number, epoch: number): number[] {
  return new RandomStream(seed, `data/order/${epoch}`).shuffled(images);
}
