// The file of a backbone's ImageNet weights, looked for and downloaded as a training will read it.

import { imagenetWeights } from "../../models/imagenet_weights.ts";
import {
  faultOfWeights,
  largestFileBytes,
  publishedWeights,
  type WantedImagenet,
} from "../../training/published_weights.ts";
import { nodeFiles } from "./files.ts";
import { type ImagenetFileOptions, imagenetFile } from "./imagenet_file.ts";
import { openKerasInWorker } from "./keras_reader.ts";

/** What the search tells, and what ends it. */
export type ImagenetPathOptions = Pick<
  ImagenetFileOptions,
  "signal" | "onFaulty" | "onProgress" | "onTrouble"
>;

/**
 * The path of the official file, downloaded now where no cache has it.
 * @throws WeftError where there is no such file, or it cannot be had
 */
export function imagenetPath(use: WantedImagenet, options: ImagenetPathOptions): Promise<string> {
  const file = imagenetWeights({ ...use, backbone: use.backbone.name });
  const wanted = publishedWeights(use);
  return imagenetFile(file, {
    ...options,
    largestBytes: largestFileBytes(wanted),
    faultOfContent: (path) => faultOfWeights(nodeFiles, path, wanted, openKerasInWorker),
  });
}
