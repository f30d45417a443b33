// `--weights imagenet`: the official file of a backbone's ImageNet weights, wherever it comes from.

import { IMAGENET_CLASS_INDEX, imagenetWeights } from "../models/imagenet_weights.ts";
import { kerasFile } from "../platform/node/imagenet_file.ts";
import { imagenetPath } from "../platform/node/imagenet_path.ts";
import type { WantedImagenet } from "../training/published_weights.ts";
import { DownloadProgress } from "./download_progress.ts";
import { stoppable } from "./interrupt.ts";
import { say } from "./terminal.ts";

/**
 * The path of a backbone's official file, which is downloaded where no cache has it.
 * @throws WeftError where there is no such file, or it cannot be had
 */
export async function shownImagenetPath(use: WantedImagenet): Promise<string> {
  const progress = new DownloadProgress(imagenetWeights({ ...use, backbone: use.backbone.name }).fileName);
  const stopping = () => say("\nstopping; what was downloaded is kept");
  try {
    const path = await stoppable(stopping, (signal) =>
      imagenetPath(use, {
        signal,
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
