// `--weights imagenet`: the official file of a backbone's ImageNet weights, wherever it comes from.

import type { Backbone } from "../models/backbone.ts";
import { IMAGENET_CLASS_INDEX, imagenetWeights } from "../models/imagenet_weights.ts";
import { nodeFiles } from "../platform/node/files.ts";
import { imagenetFile, kerasFile } from "../platform/node/imagenet_file.ts";
import { openKerasInWorker } from "../platform/node/keras_reader.ts";
import { faultOfWeights, largestFileBytes, publishedWeights } from "../training/published_weights.ts";
import { DownloadProgress } from "./download_progress.ts";
import { stoppable } from "./interrupt.ts";
import { say } from "./terminal.ts";

/** The word in place of a path; a file of this name is `./imagenet`. */
export const IMAGENET = "imagenet";

/** The network for which weights are wanted. */
export interface WeightsUse {
  readonly backbone: Backbone;
  readonly alpha: number | undefined;
  readonly size: number;
  readonly includeTop: boolean;
}

/**
 * The path that `--weights` means: as given, or for `imagenet` the file's, which is downloaded where no
 * cache has it.
 * @throws WeftError where there is no such file, or it cannot be had
 */
export async function weightsPath(given: string, use: WeightsUse): Promise<string> {
  if (given !== IMAGENET) return given;
  const file = imagenetWeights({ ...use, backbone: use.backbone.name });
  const wanted = publishedWeights(use);
  const progress = new DownloadProgress(file.fileName);
  const stopping = () => say("\nstopping; what was downloaded is kept");
  try {
    const path = await stoppable(stopping, (signal) =>
      imagenetFile(file, {
        signal,
        largestBytes: largestFileBytes(wanted),
        faultOfContent: (path) => faultOfWeights(nodeFiles, path, wanted, openKerasInWorker),
        onFaulty: say,
        onProgress: (received, total) => progress.update(received, total),
        onTrouble: (reason) => progress.trouble(reason),
      }),
    );
    progress.finish(path);
    return path;
  } finally {
    progress.clear();
  }
}

/** Keras' names of ImageNet's classes, where Keras has downloaded them. */
export function imagenetLabels(): Promise<string | undefined> {
  return kerasFile(IMAGENET_CLASS_INDEX, { onFaulty: say });
}
