// `weft evaluate`: accuracies of a trained run on a data folder's tests, or on its labelled images.

import { Command, Option } from "commander";
import { WeftError } from "../base/errors.ts";
import { joinPath } from "../base/platform.ts";
import { ANSWER_FILE, type AttributeDataset, LABEL_FILE, loadDataset } from "../data/dataset.ts";
import { nodeFiles } from "../platform/node/files.ts";
import { createNodeImageDecoder } from "../platform/node/images.ts";
import type { EvaluationResult } from "../training/inference.ts";
import { readRun, type SavedRun } from "../training/run_folder.ts";
import { checkImages } from "./checked_images.ts";
import { sayUncounted } from "./data_notes.ts";
import { dataFolder } from "./demo_data.ts";
import { withEngine } from "./engine.ts";
import {
  adapterOption,
  batchOption,
  dataOption,
  jsonOption,
  LOSSES_HELP,
  maxPixelsOption,
  modelOption,
  requireOption,
  skipBadOption,
} from "./options.ts";
import { withProgress } from "./progress.ts";
import { allImages, openPredictor, type RunOptions, sayBadImages } from "./run_predictor.ts";
import { evaluationTable } from "./tables.ts";
import { print } from "./terminal.ts";

type Split = "tests" | "labels";

/** The `evaluate` subcommand. */
export function evaluateCommand(): Command {
  const command = new Command("evaluate").description("accuracies of a run on a data folder");
  const split = new Option("--split <which>", `tests: ${ANSWER_FILE}; labels: ${LABEL_FILE}`)
    .choices(["tests", "labels"])
    .default("tests");
  const json = jsonOption("one line");
  for (const option of [
    modelOption(),
    dataOption(),
    split,
    batchOption(),
    skipBadOption(),
    maxPixelsOption(),
    json,
    adapterOption(),
  ]) {
    command.addOption(option);
  }
  return command.addHelpText("after", LOSSES_HELP).action(evaluate);
}

async function evaluate(options: RunOptions & { readonly split: Split }): Promise<void> {
  const run = await readRun(
    nodeFiles,
    requireOption(options.model, "--model", "the output folder of a training"),
  );
  const folder = await dataFolder(options.data);
  const dataset = await loadLabelled(folder, run, options.split, options.skipBad);
  const decoder = createNodeImageDecoder({ maxPixels: options.maxPixels });
  const images = await checkImages(dataset, allImages(dataset), decoder, options);
  await withEngine(options.adapter, async (engine) => {
    const { predictor, loader } = await openPredictor(engine, run, { dataset, decoder, images }, options);
    const counting = { label: "evaluating", total: images.length, unit: "images" };
    const result = await withProgress(counting, (progress) => {
      const onImages = (done: number) => progress.update(done);
      return predictor.evaluate(loader.epoch(images), run.heads, { onImages });
    });
    predictor.destroy();
    sayBadImages(loader);
    sayUncounted(run.heads);
    print(options.json ? jsonLine(result, dataset.labelFile) : evaluationTable(result, run.heads));
  });
}

/** The labelled images of the tests, or of label.csv. @throws WeftError where the tests have no answers. */
async function loadLabelled(
  folder: string,
  { heads }: SavedRun,
  split: Split,
  skipBad: boolean | undefined,
): Promise<AttributeDataset> {
  const labelFile = split === "tests" ? ANSWER_FILE : LABEL_FILE;
  const isLacking =
    (await nodeFiles.exists(folder)) && !(await nodeFiles.exists(joinPath(folder, labelFile)));
  if (isLacking && split === "tests") {
    throw new WeftError(
      `${joinPath(folder, labelFile)}: no such file; evaluate needs answers. ` +
        `Answer the questions with weft predict, or evaluate on ${LABEL_FILE} with --split labels`,
    );
  }
  return loadDataset(nodeFiles, folder, { labelFile, heads, skipBad });
}

function jsonLine({ images, labelledRows, metrics }: EvaluationResult, file: string): string {
  const { loss, losses, accuracy, weighted } = metrics;
  return JSON.stringify({ file, images, labelled: labelledRows, loss, losses, accuracy, weighted });
}
