// `weft predict`: answers Tests/question.csv of a data folder with a trained run.

import { Command, Option } from "commander";
import { loadQuestions, type QuestionSet } from "../data/questions.ts";
import { formatAnswerCsv } from "../formats/answer_csv.ts";
import { nodeFiles } from "../platform/node/files.ts";
import { createNodeImageDecoder } from "../platform/node/images.ts";
import type { ImageProbabilities } from "../training/inference.ts";
import { readRun } from "../training/run_folder.ts";
import { checkImages } from "./checked_images.ts";
import { dataFolder } from "./demo_data.ts";
import { withEngine } from "./engine.ts";
import {
  adapterOption,
  batchOption,
  dataOption,
  modelOption,
  requireOption,
  skipBadOption,
} from "./options.ts";
import { withProgress } from "./progress.ts";
import { allImages, openPredictor, type RunOptions, sayBadImages } from "./run_predictor.ts";
import { counted, say } from "./terminal.ts";

/** The `predict` subcommand. */
export function predictCommand(): Command {
  const command = new Command("predict").description("answer a data folder's Tests/question.csv");
  const out = new Option("--out <file>", "where the answers go").default("answer.csv");
  for (const option of [modelOption(), dataOption(), out, batchOption(), skipBadOption(), adapterOption()]) {
    command.addOption(option);
  }
  return command.action(predict);
}

async function predict(options: RunOptions & { readonly out: string }): Promise<void> {
  const run = await readRun(
    nodeFiles,
    requireOption(options.model, "--model", "the output folder of a training"),
  );
  const folder = await dataFolder(options.data);
  const questions = await loadQuestions(nodeFiles, folder, run.heads, options);
  const decoder = createNodeImageDecoder({ maxPixels: options.maxPixels });
  const images = await checkImages(questions, allImages(questions), decoder, options);
  await requireWritable(options.out);
  await withEngine(options.adapter, async (engine) => {
    const { predictor, loader } = await openPredictor(
      engine,
      run,
      { dataset: questions, decoder, images },
      options,
    );
    const counting = { label: "predicting", total: images.length, unit: "images" };
    const found = await withProgress(counting, (progress) => {
      return predictor.predict(loader, images, { onImages: (done) => progress.update(done) });
    });
    predictor.destroy();
    const rows = await writeAnswers(options.out, questions, found);
    sayBadImages(loader);
    say(`${counted(rows, "answer")} written to ${options.out}`);
  });
}

/** @throws WeftError where the answers could not be written, before anything is computed. */
async function requireWritable(path: string): Promise<void> {
  if (!(await nodeFiles.exists(path))) {
    await nodeFiles.writeFile(path, "");
    await nodeFiles.remove(path);
    return;
  }
  await nodeFiles.appendFile(path, "");
}

/** Writes the answers in the questions' order; questions about bad images are left out. */
async function writeAnswers(
  path: string,
  { questions }: QuestionSet,
  found: ReadonlyMap<number, ImageProbabilities>,
): Promise<number> {
  const answered = questions.flatMap((question) => {
    const probabilities = found.get(question.imageIndex)?.[question.headIndex];
    return probabilities ? [{ question, probabilities }] : [];
  });
  const rows = answered.map(({ question }) => question);
  const content = formatAnswerCsv(
    rows,
    answered.map(({ probabilities }) => probabilities),
  );
  await nodeFiles.writeFile(path, content);
  return rows.length;
}
