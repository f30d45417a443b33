// `weft augment`: a contact sheet of what the network sees, each image beside its warp of one epoch.

import { Command, Option } from "commander";
import { WeftError } from "../base/errors.ts";
import { BatchLoader } from "../data/batches.ts";
import { withImages } from "../data/checked_images.ts";
import { epochOrder, loadDataset } from "../data/dataset.ts";
import { splitForTraining } from "../data/training_split.ts";
import { writeContactSheet } from "../platform/node/contact_sheet.ts";
import { nodeFiles } from "../platform/node/files.ts";
import { createNodeImageDecoder } from "../platform/node/images.ts";
import { augmentedImages } from "../training/augmented_images.ts";
import { checkImages } from "./checked_images.ts";
import { sayNotes } from "./data_notes.ts";
import { dataFolder } from "./demo_data.ts";
import { withEngine } from "./engine.ts";
import { wholeNumber } from "./flag_readers.ts";
import {
  type AdapterOption,
  adapterOption,
  dataOption,
  type ImageOptions,
  maxPixelsOption,
  seedOption,
  sizeOption,
  skipBadOption,
} from "./options.ts";
import { allImages, sayBadImages } from "./run_predictor.ts";
import { counted, say } from "./terminal.ts";

interface AugmentOptions extends AdapterOption, ImageOptions {
  readonly data?: string;
  readonly n: number;
  readonly out: string;
  readonly size: number;
  readonly seed: number;
  readonly epoch: number;
  readonly skipBad?: boolean;
}

const DEFAULT_SIZE = 224;

/** The `augment` subcommand. */
export function augmentCommand(): Command {
  const command = new Command("augment").description(
    "draw a sheet of images as they are and as training sees them",
  );
  const options = [
    dataOption(),
    new Option("--n <images>", "how many images").argParser(wholeNumber("--n", 1)).default(16),
    new Option("--out <file>", "where the sheet goes, a PNG").default("sheet.png"),
    sizeOption().default(DEFAULT_SIZE),
    seedOption().default(1),
    new Option("--epoch <n>", "the epoch whose warps are shown")
      .argParser(wholeNumber("--epoch", 1))
      .default(1),
    skipBadOption(),
    maxPixelsOption(),
    adapterOption(),
  ];
  for (const option of options) command.addOption(option);
  return command.action(augment);
}

async function augment(options: AugmentOptions): Promise<void> {
  const { n, out, size, seed, epoch, skipBad } = options;
  const decoder = createNodeImageDecoder({ maxPixels: options.maxPixels });
  const labelled = await loadDataset(nodeFiles, await dataFolder(options.data), { skipBad });
  const good = skipBad && (await checkImages(labelled, allImages(labelled), decoder, { skipBad }));
  const dataset = good ? withImages(labelled, good) : labelled;
  const { split, notes } = await splitForTraining(nodeFiles, dataset, { seed, skipBad });
  sayNotes([...dataset.notes, ...notes]);
  const images = epochOrder(split.training, seed, epoch).slice(0, n);
  if (!skipBad) await checkImages(dataset, images, decoder, {});
  const batchSize = images.length;
  const loader = new BatchLoader(dataset, decoder, {
    batchSize,
    width: size,
    height: size,
    ...(skipBad && { skipBad }),
  });
  const { value: batch } = await loader.epoch(images).next();
  if (!batch) throw new WeftError(`${dataset.folder}: none of the ${batchSize} images could be decoded`);
  await withEngine(options.adapter, async ({ device }) => {
    const warped = await augmentedImages(device, batch, { size, batchSize, seed, epoch });
    const imageBytes = size * size * 3;
    const groups = warped.map((pixels, row) => [
      batch.bytes.subarray(row * imageBytes, (row + 1) * imageBytes),
      pixels,
    ]);
    await writeContactSheet(nodeFiles, out, { groups, size, columns: Math.ceil(Math.sqrt(groups.length)) });
    sayBadImages(loader);
    say(`${counted(groups.length, "image")} in ${out}, each as it is and as epoch ${epoch} sees it`);
  });
}
