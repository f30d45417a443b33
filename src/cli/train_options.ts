// The options of `weft train`: the recipe's, as flags, and what the command line adds to them.

import type { Command } from "commander";
import type { CheckedSettings } from "../training/recipe/schema.ts";
import { TRAIN_OPTIONS } from "../training/recipe/schema.ts";
import {
  type AdapterOption,
  adapterOption,
  dataOption,
  type ImageOptions,
  jsonOption,
  LOSSES_HELP,
  maxPixelsOption,
} from "./options.ts";
import { trainFlags } from "./train_flags.ts";

/** What the command line gives; absent where it is silent. */
export interface TrainOptions extends CheckedSettings, AdapterOption, ImageOptions {
  readonly data?: string;
  readonly json?: boolean;
}

/** Adds the options to the command, in the order in which help shows them. */
export function addTrainOptions(command: Command): Command {
  const options = [
    dataOption(),
    ...trainFlags(),
    maxPixelsOption(),
    jsonOption("a line an epoch"),
    adapterOption(),
  ];
  for (const option of options) command.addOption(option);
  return command.addHelpText("after", LOSSES_HELP);
}

/** The part of the options that is the recipe's. */
export function settingsOf(options: TrainOptions): CheckedSettings {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(TRAIN_OPTIONS, name)));
}
