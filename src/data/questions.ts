// The questions of a data folder: rows to answer, and the images to predict, each once.

import { WeftError } from "../base/errors.ts";
import type { FileSystem } from "../base/platform.ts";
import { type Head, parseQuestionCsv, type QuestionRow } from "../formats/label_csv.ts";
import { type AttributeDataset, readDataFile } from "./dataset.ts";

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
 * @throws WeftError `Tests/question.csv:3: …` for a bad row or an attribute that the model lacks
 */
export async function loadQuestions(
  files: FileSystem,
  folder: string,
  heads: readonly Head[],
): Promise<QuestionSet> {
  const rows = parseQuestionCsv(await readDataFile(files, folder, QUESTION_FILE), QUESTION_FILE);
  const indexOfHead = new Map(heads.map(({ name }, index) => [name, index]));
  const indexOfImage = new Map<string, number>();
  const images: QuestionSet["images"] = [];
  const questions = rows.map((row) => {
    const headIndex = indexOfHead.get(row.attribute);
    if (headIndex === undefined) {
      const known = heads.map(({ name }) => name).join(", ");
      throw new WeftError(
        `${QUESTION_FILE}:${row.line}: the attribute ${row.attribute} is not one of the model's: ${known}`,
      );
    }
    let imageIndex = indexOfImage.get(row.image);
    if (imageIndex === undefined) {
      const letters = heads.map(() => undefined);
      const classes = heads.map(() => -1);
      imageIndex = images.push({ path: row.image, line: row.line, letters, classes }) - 1;
      indexOfImage.set(row.image, imageIndex);
    }
    return { ...row, imageIndex, headIndex };
  });
  if (questions.length === 0) throw new WeftError(`${QUESTION_FILE}: expected rows but found none`);
  const counted = heads.map(({ name, classes }) => ({ name, classes, rows: 0 }));
  return { folder, labelFile: QUESTION_FILE, heads: counted, images, badRows: [], questions };
}
