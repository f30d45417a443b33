// `weft predict`: answers Tests/question.csv of a data folder, or about any pictures, with a trained run.

import { Command, Option } from "commander";
import { WeftError } from "../base/errors.ts";
import { joinPath } from "../base/platform.ts";
import { LABEL_FILE } from "../data/dataset.ts";
import { loadQuestions, QUESTION_FILE, type QuestionSet } from "../data/questions.ts";
import { formatAnswerCsv } from "../formats/answer_csv.ts";
import { nodeFiles } from "../platform/node/files.ts";
import { createNodeImageDecoder } from "../platform/node/images.ts";
import type { ImageProbabilities } from "../training/inference.ts";
import { readRun, type SavedRun } from "../training/run_folder.ts";
import { checkImages } from "./checked_images.ts";
import { dataFolder } from "./demo_data.ts";
import { withEngine } from "./engine.ts";
import { pathText } from "./flag_readers.ts";
import {
  adapterOption,
  batchOption,
  dataOption,
  jsonOption,
  maxPixelsOption,
  modelOption,
  requireOption,
  skipBadOption,
} from "./options.ts";
import { predictPictures } from "./predict_pictures.ts";
import { withProgress } from "./progress.ts";
import {
  allImages,
  filesOfRun,
  openPredictor,
  type RunOptions,
  requireWritable,
  sayBadImages,
} from "./run_predictor.ts";
import { counted, say } from "./terminal.ts";

const DEFAULT_OUT = "answer.csv";

interface PredictOptions extends RunOptions {
  readonly images?: readonly string[];
  readonly out?: string;
}

/** The `predict` subcommand. */
export function predictCommand(): Command {
  const command = new Command("predict").description(
    `answer a data folder's ${QUESTION_FILE}, or predict any pictures (--images)`,
  );
  const options = [
    modelOption(),
    dataOption(),
    new Option("--images <paths...>", "predict these pictures and all in these folders instead").argParser(
      (path: string, before: string[] | undefined) => [...(before ?? []), pathText("--images")(path)],
    ),
    new Option(
      "--out <file>",
      `where the answers go (default: ${DEFAULT_OUT}; with --json stdout)`,
    ).argParser(pathText("--out")),
    batchOption(),
    skipBadOption(),
    maxPixelsOption(),
    jsonOption("with --images a line an image"),
    adapterOption(),
  ];
  for (const option of options) command.addOption(option);
  return command.action(predict);
}

async function predict(options: PredictOptions): Promise<void> {
  const { images, json, data } = options;
  if (images && data !== undefined) {
    throw new WeftError(`--images and --data exclude each other: --data answers ${QUESTION_FILE}`);
  }
  if (json && !images) throw new WeftError("--json is for --images; answers to questions are written as CSV");
  const run = await readTrainedRun(
    requireOption(options.model, "--model", "the output folder of a training"),
  );
  const out = options.out ?? (json ? undefined : DEFAULT_OUT);
  if (images) await predictPictures(run, { ...options, images, out });
  else await predictQuestions(run, { ...options, out: out ?? DEFAULT_OUT });
}

/** @throws WeftError that points at `weft classify` where a weights file is given. */
async function readTrainedRun(model: string): Promise<SavedRun> {
  if ((await nodeFiles.facts(model))?.isRegularFile) {
    throw new WeftError(
      `${model}: is a file; predict takes the output folder of a training. ` +
        `Weights with an ImageNet top name images with weft classify FILE… --weights ${model}`,
    );
  }
  return readRun(nodeFiles, model);
}

/** @throws WeftError that points at `--images` where a folder has no questions. */
async function requireQuestions(folder: string): Promise<void> {
  const path = joinPath(folder, QUESTION_FILE);
  if (!(await nodeFiles.exists(folder)) || (await nodeFiles.exists(path))) return;
  throw new WeftError(
    `${path}: no such file; predict answers the questions in it. ` +
      `For all pictures in a folder: weft predict --model RUN --images ${folder}`,
  );
}

/** Answers the questions of a data folder. */
async function predictQuestions(
  run: SavedRun,
  options: RunOptions & { readonly out: string },
): Promise<void> {
  const folder = await dataFolder(options.data);
  await requireQuestions(folder);
  const questions = await loadQuestions(nodeFiles, folder, run.heads, options);
  const decoder = createNodeImageDecoder({ maxPixels: options.maxPixels });
  const images = await checkImages(questions, allImages(questions), decoder, options);
  await requireWritable(options.out, [
    ...[QUESTION_FILE, LABEL_FILE, ...questions.images.map(({ path }) => path)].map((path) =>
      joinPath(folder, path),
    ),
    ...filesOfRun(run),
  ]);
  await withEngine(options.adapter, async (engine) => {
    const seen = { dataset: questions, decoder, images };
    const { predictor, loader } = await openPredictor(engine, run, seen, options);
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
  if (answered.length === 0) throw new WeftError(`${QUESTION_FILE}: no image of a question could be decoded`);
  const rows = answered.map(({ question }) => question);
  const content = formatAnswerCsv(
    rows,
    answered.map(({ probabilities }) => probabilities),
  );
  await nodeFiles.writeFile(path, content);
  return rows.length;
}
