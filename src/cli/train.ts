// `weft train`: trains a multi-attribute classifier on a data folder, or on the demo set without one.

import { Command } from "commander";
import { nodeFolders } from "../platform/node/folders.ts";
import { nodeTrainingPlatform } from "../platform/node/training.ts";
import { demoSettings } from "../training/recipe/defaults.ts";
import { fineTune } from "../training/recipe/fine_tune.ts";
import type { TrainingPlatform } from "../training/recipe/platform.ts";
import { findRunPlace } from "../training/run_folder_place.ts";
import { dataFolder } from "./demo_data.ts";
import { described } from "./engine.ts";
import { isEndAsked, stoppable } from "./interrupt.ts";
import { addTrainOptions, settingsOf, type TrainOptions } from "./train_options.ts";
import { sayIndented, TrainReporter } from "./train_report.ts";
import { sayTuning, tuneLayouts } from "./tuning.ts";
import { shownImagenetPath } from "./weights_option.ts";

/** The `train` subcommand. Exit code 130, 143 or 129 where Ctrl-C, SIGTERM or SIGHUP ended it. */
export function trainCommand(): Command {
  const command = new Command("train").description(
    "train a multi-attribute classifier (on a demo set without --data)",
  );
  return addTrainOptions(command).action(train);
}

async function train(options: TrainOptions): Promise<void> {
  const { out, overwrite, ...given } = settingsOf(options);
  // Before the demo set is drawn: a folder that cannot be used is told at once.
  const place = await findRunPlace(nodeFolders, { out, overwrite, date: new Date(), remark: sayIndented });
  const data = await dataFolder(options.data);
  const settings = options.data === undefined ? demoSettings(given) : given;
  const reporter = new TrainReporter(options);
  await stoppable(
    () => reporter.sayStopping(),
    async (signal) => {
      const training = { ...settings, data, place, signal, platform: shownPlatform(options) };
      const run = await fineTune({ ...training, ...reporter.hooks }).finally(() => reporter.abandon());
      run.destroy();
    },
  );
}

/** This machine, with downloads and measuring shown as they go. */
function shownPlatform({ adapter, maxPixels }: TrainOptions): TrainingPlatform {
  const machine = nodeTrainingPlatform({ adapter, maxPixels });
  return {
    ...machine,
    imagenetFile: shownImagenetPath,
    kernels: {
      ...machine.kernels,
      measure: async (engine, layouts, { budgetSeconds }) => {
        const found = await tuneLayouts(described(engine), layouts, { budgetSeconds });
        sayTuning(found);
        // Ctrl-C ends the measuring alone; who sends another signal wants the process to end.
        if (found.isStopped && isEndAsked()) throw new DOMException("the run is ended", "AbortError");
      },
    },
  };
}
