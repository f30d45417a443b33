// Where a training's data and weights come from: folders and files of the platform, or the caller's own.

import { WeftError } from "../../base/errors.ts";
import type { FileSystem } from "../../base/platform.ts";
import { type CheckedImages, findGoodImages, withImages } from "../../data/checked_images.ts";
import { type AttributeDataset, chooseImages, loadDataset } from "../../data/dataset.ts";
import type { ImageDecoder, ImageInspector } from "../../data/images.ts";
import { type NetworkConfig, networkName, networkWeights } from "../network.ts";
import { describeBackbone } from "../network_layers.ts";
import { type LoadedWeights, loadWeights } from "../weights_file.ts";
import { kerasLayerOrder } from "../weights_fit.ts";
import { canInspect, type TrainingPlatform, type WorkHooks } from "./platform.ts";
import type { CompleteSettings } from "./schema.ts";

/** The word in place of a path; a file of this name is `./imagenet`. */
export const IMAGENET = "imagenet";

/** A data set and what decodes its images. */
export interface TrainingData {
  readonly dataset: AttributeDataset;
  readonly decoder: ImageDecoder & Partial<ImageInspector>;
  /** Where the images lie; undefined where the caller's decoder knows them. */
  readonly files: FileSystem | undefined;
}

/** Told of the look at all images. */
export interface DataHooks {
  readonly onImagesChecked?: ((done: number, total: number) => void) | undefined;
  readonly onImages?: ((dataset: AttributeDataset, found: CheckedImages) => void) | undefined;
}

/**
 * Reads a data folder's labels, or takes the caller's data set.
 * @param own the caller's decoder
 * @throws WeftError as `loadDataset` does; where there is nothing to read or decode with
 */
export async function openData(
  data: string | AttributeDataset,
  own: ImageDecoder | undefined,
  { skipBad }: CompleteSettings,
  platform: TrainingPlatform,
): Promise<TrainingData> {
  const { files } = platform;
  const decoder = own ?? platform.decoder;
  if (!decoder) throw new WeftError("there is nothing that decodes images: give a decoder");
  if (typeof data === "string" && !files) {
    throw new WeftError(
      `${data}: folders cannot be read here; give a data set and a decoder that knows its images`,
    );
  }
  const labelled = typeof data === "string" && files ? await loadDataset(files, data, { skipBad }) : data;
  if (typeof labelled === "string") throw new Error("a folder was not read");
  requireLabels(labelled);
  return { dataset: labelled, decoder, files: own ? undefined : files };
}

/**
 * Looks at the images that the training will see; with `skipBad` at all of them: bad ones leave the data set before it is
 * split, so that they shorten no batch. Images that only the caller's decoder knows are not looked at.
 * @throws WeftError as `findGoodImages` does
 */
export async function lookAtImages(
  { dataset: labelled, decoder, files }: TrainingData,
  { skipBad, seed, limit }: CompleteSettings,
  {
    platform,
    signal,
    ...hooks
  }: DataHooks & { platform: TrainingPlatform; signal?: AbortSignal | undefined },
): Promise<TrainingData> {
  if (!files || !canInspect(decoder)) return { dataset: labelled, decoder, files };
  const count = labelled.images.length;
  const seen = skipBad ? [...labelled.images.keys()] : chooseImages(count, { seed, limit });
  const onImages = (done: number) => {
    signal?.throwIfAborted();
    hooks.onImagesChecked?.(done, seen.length);
  };
  const tools = { files, inspector: decoder, checksFile: platform.imageChecksFile, onImages };
  const found = await findGoodImages(labelled, seen, tools, { skipBad });
  hooks.onImages?.(labelled, found);
  return { dataset: skipBad ? withImages(labelled, found.good) : labelled, decoder, files };
}

/** @throws WeftError where a data set made by hand has no images, no heads, or labels of classes that there are not. */
function requireLabels({ heads, images }: AttributeDataset): void {
  if (heads.length === 0) throw new WeftError("the data set has no heads; expected at least one attribute");
  if (images.length === 0) throw new WeftError("the data set has no images");
  for (const { path, labels } of images) {
    for (const { head, class: right } of labels) {
      const { classes } = heads[head] ?? { classes: 0 };
      if (!Number.isInteger(right) || right < 0 || right >= classes) {
        throw new WeftError(
          `${path}: class ${right} of head ${head}; expected ${heads.length} heads, this one with ${classes} classes`,
        );
      }
    }
  }
}

/** Reads the weights of the backbone, and of those heads that the file has. @throws WeftError where they do not fit */
export async function loadStart(
  weights: string,
  network: NetworkConfig,
  { files, openKeras, imagenetFile }: TrainingPlatform,
  hooks: WorkHooks,
): Promise<LoadedWeights> {
  if (!files) throw new WeftError(`${weights}: files cannot be read here`, { option: "weights" });
  const use = { ...network, includeTop: false };
  if (weights === IMAGENET && !imagenetFile) {
    throw new WeftError("imagenet: nothing here knows where these files are; give the path of one", {
      option: "weights",
    });
  }
  const path = weights === IMAGENET && imagenetFile ? await imagenetFile(use, hooks) : weights;
  const { backbone, heads } = networkWeights(network);
  const wanted = {
    network: networkName(network),
    required: backbone,
    optional: heads,
    layerOrder: kerasLayerOrder(describeBackbone({ ...use, pooling: "avg" })),
  };
  return loadWeights(files, path, wanted, openKeras);
}
