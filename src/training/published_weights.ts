// What a published file of ImageNet weights must hold: every weight of its backbone, and not much more.

import { messageOf, WeftError } from "../base/errors.ts";
import type { FileSystem } from "../base/platform.ts";
import type { KerasReader } from "../formats/keras_file.ts";
import type { Backbone } from "../models/backbone.ts";
import { networkName } from "./network.ts";
import { describeBackbone } from "./network_layers.ts";
import { loadWeights, type WantedWeights } from "./weights_file.ts";
import { kerasLayerOrder } from "./weights_fit.ts";

/** A backbone as Keras applications publish it. */
export interface PublishedNetwork {
  readonly backbone: Backbone;
  readonly alpha: number | undefined;
  readonly includeTop: boolean;
}

/** Whose file is wanted: some backbones have one for every size of images. */
export interface WantedImagenet extends PublishedNetwork {
  readonly size: number;
}

const IMAGENET_CLASSES = 1000;
const BYTES_PER_WEIGHT = 4;
/**
 * HDF5 keeps the space of what was deleted: Keras' file of MobileNet without its top, 17,225,924 bytes for
 * 12,915,456 of weights, is as large as the one with it.
 */
const LARGEST_RATIO = 1.5;
/** Of names, attributes and the description of the layers. */
const LARGEST_OVERHEAD_BYTES = 4 << 20;

/** The weights of the network, in the order of its layers. */
export function publishedWeights({ backbone, alpha, includeTop }: PublishedNetwork): WantedWeights {
  const description = describeBackbone({
    backbone,
    alpha,
    size: backbone.defaultSize,
    includeTop,
    classes: includeTop ? IMAGENET_CLASSES : undefined,
  });
  return {
    network: networkName({ backbone, alpha }),
    required: description.records.flatMap(({ weights }) => weights),
    layerOrder: kerasLayerOrder(description),
  };
}

/** More bytes than this no file of these weights has. */
export function largestFileBytes({ required }: WantedWeights): number {
  const count = required.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return Math.ceil(LARGEST_RATIO * BYTES_PER_WEIGHT * count) + LARGEST_OVERHEAD_BYTES;
}

/**
 * Reads a file as a training does, every tensor of it.
 * @returns what is wrong, without the file's name; undefined where nothing is
 */
export async function faultOfWeights(
  files: FileSystem,
  path: string,
  wanted: WantedWeights,
  openKeras?: KerasReader,
): Promise<string | undefined> {
  try {
    await loadWeights(files, path, wanted, openKeras);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof WeftError)) throw thrown;
    const message = messageOf(thrown);
    return message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message;
  }
}
