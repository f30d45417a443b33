// `weft classify`: the likeliest classes of images, by a network with its top and weights from a file.

import { basename, dirname, join } from "node:path";
import { Command } from "commander";
import { WeftError } from "../base/errors.ts";
import { joinPath, readJson } from "../base/platform.ts";
import type { Backbone } from "../models/backbone.ts";
import { mobileNetV2 } from "../models/mobilenet_v2.ts";
import { nodeFiles } from "../platform/node/files.ts";
import { createNodeImageDecoder } from "../platform/node/images.ts";
import { openKerasInWorker } from "../platform/node/keras_reader.ts";
import { Classifier } from "../training/classifier.ts";
import { networkName } from "../training/network.ts";
import { describeBackbone } from "../training/network_layers.ts";
import type { WantedImagenet } from "../training/published_weights.ts";
import { requireSuits } from "../training/recipe/prepare.ts";
import { IMAGENET } from "../training/recipe/sources.ts";
import { CONFIG_FILE, WEIGHTS_FILE } from "../training/run_folder.ts";
import { openWeightsFile, takeWeights } from "../training/weights_file.ts";
import { kerasLayerOrder } from "../training/weights_fit.ts";
import {
  type ClassifierConfig,
  type ClassifierHints,
  classifierWeights,
  identifyClassifier,
} from "../training/weights_network.ts";
import { withEngine } from "./engine.ts";
import { wholeNumber } from "./flag_readers.ts";
import {
  type AdapterOption,
  adapterOption,
  alphaOption,
  backboneOption,
  type ImageOptions,
  jsonOption,
  maxPixelsOption,
  requireOption,
  sizeOption,
} from "./options.ts";
import { print, say, styleOf } from "./terminal.ts";
import { useStoredTuning } from "./tuning.ts";
import { imagenetLabels, shownImagenetPath } from "./weights_option.ts";

interface ClassifyOptions extends AdapterOption, ImageOptions {
  readonly weights?: string;
  readonly labels?: string;
  readonly backbone?: Backbone;
  readonly alpha?: number;
  readonly size?: number;
  readonly top: number;
  readonly json?: boolean;
}

/** A class by its number, with the name that the labels file gives it. */
interface ClassLabel {
  readonly id?: string;
  readonly name: string;
}

const MOST_AT_ONCE = 8;
const PERCENT_DECIMALS = 1;

/** The `classify` subcommand. */
export function classifyCommand(): Command {
  return new Command("classify")
    .description("name what images show, by a network with its top")
    .argument("<images...>", "JPEG, PNG or WebP files")
    .option("--weights <file>", "weights with top: imagenet, .h5 of Keras or .safetensors")
    .option("--labels <file>", 'names of the classes, {"0": ["n01440764", "tench"], …} as Keras has them')
    .addOption(backboneOption())
    .addOption(alphaOption())
    .addOption(sizeOption())
    .option("--top <n>", "how many classes to show", wholeNumber("--top", 1), 5)
    .addOption(maxPixelsOption())
    .addOption(jsonOption("a line an image"))
    .addOption(adapterOption())
    .action(classify);
}

async function classify(images: readonly string[], options: ClassifyOptions): Promise<void> {
  const given = requireOption(options.weights, "--weights", "imagenet or a weights file with top");
  await refuseTrainedRun(given, images);
  const official = given === IMAGENET ? officialNetwork(options) : undefined;
  const path = official ? await shownImagenetPath(official) : given;
  const { config, weights } = await loadClassifier(path, official ?? options);
  const labelsPath = options.labels ?? (official && (await imagenetLabels()));
  const labels = labelsPath === undefined ? undefined : await readLabels(labelsPath, config.classes);
  const { backbone, alpha, size } = config;
  requireSuits(backbone, { alpha, size });
  const decoder = createNodeImageDecoder({ maxPixels: options.maxPixels });
  for (const image of images) await decoder.inspect(image); // a bad one is told before the GPU starts
  await withEngine(options.adapter, async (engine) => {
    await useStoredTuning(engine);
    const { device } = engine;
    const atOnce = Math.min(MOST_AT_ONCE, images.length);
    const classifier = await Classifier.create(device, config, weights, atOnce);
    say(`${networkName(config)}, ${size} x ${size} pixels, on ${device.name}`);
    for (let start = 0; start < images.length; start += atOnce) {
      const some = images.slice(start, start + atOnce);
      const pixels = await Promise.all(some.map((image) => decoder.decode(image, size, size)));
      const found = await classifier.classify(pixels);
      for (const [index, probabilities] of found.entries()) {
        const best = likeliest(probabilities, options.top);
        print((options.json ? jsonLine : table)(some[index] ?? "", best, labels));
      }
    }
    classifier.destroy();
  });
}

/** @throws WeftError that points at `weft predict` where the weights are a run's: it knows the run's heads. */
async function refuseTrainedRun(weights: string, images: readonly string[]): Promise<void> {
  const isRunFolder = await nodeFiles.exists(joinPath(weights, CONFIG_FILE));
  const isRunFile =
    basename(weights) === WEIGHTS_FILE && (await nodeFiles.exists(join(dirname(weights), CONFIG_FILE)));
  if (!isRunFolder && !isRunFile) return;
  const run = isRunFolder ? weights : dirname(weights);
  throw new WeftError(
    `${weights}: belongs to a trained run, whose heads weft predict knows: ` +
      `weft predict --model ${run} --images ${images.length === 1 ? images[0] : "FILE…"}`,
  );
}

/** The network whose official weights are wanted, with Keras' defaults. */
function officialNetwork({ backbone = mobileNetV2, alpha, size }: ClassifyOptions): WantedImagenet {
  const network = { backbone, alpha, size: size ?? backbone.defaultSize };
  requireSuits(backbone, network);
  return { ...network, alpha: backbone.hasAlpha ? (alpha ?? 1) : undefined, includeTop: true };
}

async function loadClassifier(
  path: string,
  hints: ClassifierHints,
): Promise<{ config: ClassifierConfig; weights: ReadonlyMap<string, Float32Array> }> {
  const file = await openWeightsFile(nodeFiles, path, openKerasInWorker);
  try {
    const config = identifyClassifier(file.tensors, path, hints);
    const layerOrder = kerasLayerOrder(describeBackbone({ ...config, includeTop: true }));
    const wanted = { network: networkName(config), required: classifierWeights(config), layerOrder };
    return { config, weights: (await takeWeights(file, wanted)).values };
  } finally {
    file.close();
  }
}

/** Reads Keras' imagenet_class_index.json, or a list of names. */
async function readLabels(path: string, classes: number): Promise<ClassLabel[]> {
  const json = await readJson(nodeFiles, path);
  const entries: Record<string, unknown> = typeof json === "object" && json !== null ? { ...json } : {};
  return Array.from({ length: classes }, (_, index) => {
    const entry: unknown = entries[index];
    if (typeof entry === "string") return { name: entry };
    if (Array.isArray(entry) && entry.length === 2) return { id: String(entry[0]), name: String(entry[1]) };
    throw new WeftError(
      `${path}: expected a name for each of the ${classes} classes, as {"0": ["n01440764", "tench"], …}, but class ${index} has none`,
    );
  });
}

interface Guess {
  readonly index: number;
  readonly probability: number;
}

function likeliest(probabilities: Float32Array, count: number): Guess[] {
  const guesses = Array.from(probabilities, (probability, index) => ({ index, probability }));
  return guesses.sort((a, b) => b.probability - a.probability || a.index - b.index).slice(0, count);
}

function table(image: string, best: readonly Guess[], labels: readonly ClassLabel[] | undefined): string {
  const { bold, dim } = styleOf(process.stdout);
  const lines = best.map(({ index, probability }) => {
    const { name = `class ${index}`, id } = labels?.[index] ?? {};
    const percent = `${(100 * probability).toFixed(PERCENT_DECIMALS)} %`.padStart(8);
    return `  ${percent}  ${name}${id === undefined ? "" : dim(`  ${id}`)}`;
  });
  return [bold(image), ...lines].join("\n");
}

function jsonLine(image: string, best: readonly Guess[], labels: readonly ClassLabel[] | undefined): string {
  const predictions = best.map(({ index, probability }) => ({
    class: index,
    ...labels?.[index],
    probability,
  }));
  return JSON.stringify({ image, predictions });
}
