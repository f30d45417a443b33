// A look at all image files before the first step: what is missing, empty, truncated, too large or no image
// is found now and by name, not hours into a training. Nothing is decoded.

import { type FileSystem, joinPath } from "../base/platform.ts";
import { ImageFault, type ImageFaultKind } from "../formats/image_source.ts";
import type { BadImage } from "./batches.ts";
import { type AttributeDataset, imagePlace } from "./dataset.ts";
import type { ImageChecks } from "./image_checks.ts";
import type { ImageInspector } from "./images.ts";

const CHECKS_AT_ONCE = 64;

/** What a survey works with. */
export interface SurveyTools {
  readonly files: FileSystem;
  readonly inspector: ImageInspector;
  /** What earlier surveys found. */
  readonly checks?: ImageChecks | undefined;
  /** Called with the number of images done so far. */
  readonly onImages?: ((done: number) => void) | undefined;
}

/** An image that cannot be used, and why. */
export interface SurveyedBadImage extends BadImage {
  readonly kind: ImageFaultKind;
}

/** What a survey found. */
export interface ImageSurvey {
  /** Good images in the order in which they were given. */
  readonly good: readonly number[];
  /** Bad ones in the data set's order. */
  readonly bad: readonly SurveyedBadImage[];
}

/**
 * Looks at the given images of a data set.
 * @param indices of the images
 * @throws WeftError if the file system fails; bad images are returned
 */
export async function surveyImages(
  dataset: AttributeDataset,
  indices: readonly number[],
  tools: SurveyTools,
): Promise<ImageSurvey> {
  const bad = new Map<number, SurveyedBadImage>();
  let next = 0;
  let done = 0;
  const work = async () => {
    for (let at = next++; at < indices.length; at = next++) {
      const index = indices[at];
      if (index === undefined) continue;
      const fault = await faultOf(dataset, index, tools);
      if (fault) bad.set(index, fault);
      tools.onImages?.(++done);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CHECKS_AT_ONCE, indices.length) }, work));
  return {
    good: indices.filter((index) => !bad.has(index)),
    bad: [...bad.values()].sort((a, b) => a.index - b.index),
  };
}

/** What is wrong with an image, or undefined. */
async function faultOf(
  dataset: AttributeDataset,
  index: number,
  { files, inspector, checks }: SurveyTools,
): Promise<SurveyedBadImage | undefined> {
  const image = dataset.images[index];
  if (!image) throw new RangeError(`the data set has no image ${index}`);
  const { folder } = dataset;
  const path = joinPath(folder, image.path);
  try {
    const facts = checks && (await files.facts(path).catch(() => undefined)); // inspect tells why
    const known = facts?.isRegularFile ? checks?.find(image.path, facts) : undefined;
    if (known && known.width * known.height <= inspector.maxPixels) {
      inspector.trust(path, known);
      return undefined;
    }
    const header = await inspector.inspect(path);
    if (facts) checks?.add(image.path, facts, header);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof ImageFault)) throw thrown;
    const isMissing = thrown.kind === "missing" && folder !== "";
    const reason = isMissing
      ? `no such file; expected it in ${folder}`
      : thrown.problem.replace(`${path}: `, "");
    const message = `${imagePlace(dataset, image)}: ${reason}`;
    return { index, path: image.path, message, kind: thrown.kind };
  }
}
