// `weft demo`: draws the demo set into a folder, so that one can look at it.

import { Command, Option } from "commander";
import { DEFAULT_DEMO, FEWEST_DEMO_IMAGES } from "../demo/demo_set.ts";
import { drawDemo } from "./demo_data.ts";
import { wholeNumber } from "./flag_readers.ts";
import { requireOption, seedOption } from "./options.ts";
import { say } from "./terminal.ts";

interface DemoOptions {
  readonly out?: string;
  readonly images: number;
  readonly seed: number;
}

/** The `demo` subcommand. */
export function demoCommand(): Command {
  const images = new Option("--images <n>", "labelled pictures; 15 questions for every 100 come on top")
    .argParser(wholeNumber("--images", FEWEST_DEMO_IMAGES))
    .default(DEFAULT_DEMO.images);
  return new Command("demo")
    .description("draw the demo set: garments with eight attributes, and questions about them")
    .option("--out <folder>", "a new or empty folder")
    .addOption(images)
    .addOption(seedOption().default(DEFAULT_DEMO.seed))
    .action(async ({ out, images, seed }: DemoOptions) => {
      const folder = requireOption(out, "--out", "the folder to draw the demo set in");
      const isNew = await drawDemo(folder, { images, seed });
      say(isNew ? `the demo set is in ${folder}` : `the very same demo set is in ${folder} already`);
    });
}
