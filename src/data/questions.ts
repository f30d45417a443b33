// The questions of a data folder: rows to answer, and the images to predict, each once.

import { WeftError } from "../base/errors.ts";
import type { FileSystem } from "../base/platform.ts";
import { type QuestionRow, readQuestionRows } from "../formats/label_csv.ts";
import type { Head } from "../models/heads.ts";
import { type AttributeDataset, readDataFile } from "./dataset.ts";
import { resolveImagePaths } from "./image_paths.ts";

/** Where questions are, relative to the data folder. */
export const QUESTION_FILE = "Tests/question.csv";

/** A row of the question file with the indices of its image and its head. */
export interface Question extends QuestionRow {
  imageIndex: number;
  headIndex: number;
}

/** Questions; as a data set its images have no labels. */
export interface QuestionSet extends AttributeDataset {
  questions: Question[];
}

/**
 * Reads `Tests/question.csv`.
 * @param heads the model's
 * @param options `skipBad` leaves bad rows out and lists them in `badRows`
 * @throws WeftError `Tests/question.csv:3: …` for a bad row or an attribute that the model lacks
 */
export async function loadQuestions(
  files: FileSystem,
  folder: string,
  heads: readonly Head[],
  { skipBad }: { skipBad?: boolean | undefined } = {},
): Promise<QuestionSet> {
  const content = await readDataFile(files, folder, QUESTION_FILE);
  const read = readQuestionRows(content, QUESTION_FILE, { heads, skipBad });
  const { rows, badRows } = read;
  if (rows.length === 0) {
    const bad = badRows.length === 0 ? "" : `; ${badRows.length} bad rows, first ${badRows[0]?.message}`;
    throw new WeftError(`${QUESTION_FILE}: expected rows but found none${bad}`);
  }
  const columns = rows.map(({ image }) => image);
  const { pathOf, notes } = await resolveImagePaths(files, folder, columns);
  const indexOfHead = new Map(heads.map(({ name }, index) => [name, index]));
  const indexOfImage = new Map<string, number>();
  const images: QuestionSet["images"] = [];
  const questions = rows.map((row) => {
    const path = pathOf.get(row.image) ?? row.image;
    const imageIndex = indexOfImage.get(path) ?? images.push({ path, line: row.line, labels: [] }) - 1;
    indexOfImage.set(path, imageIndex);
    const headIndex = indexOfHead.get(row.attribute);
    if (headIndex === undefined) throw new Error(`${row.attribute} was read but is no head`);
    return { ...row, imageIndex, headIndex };
  });
  const counted = heads.map(({ name, classes }) => ({ name, classes, rows: 0 }));
  const found = notes.map((note) => `${QUESTION_FILE}: ${note}`);
  return {
    folder,
    labelFile: QUESTION_FILE,
    heads: counted,
    images,
    badRows,
    notes: [...read.notes, ...found],
    questions,
  };
}
