// The images of a data set that can be used: all are looked at before anything is computed or written, and bad ones end
// the work or, where that is allowed, are left out.

import { WeftError } from "../base/errors.ts";
import type { FileSystem } from "../base/platform.ts";
import type { Remedy } from "../base/remedies.ts";
import type { AttributeDataset } from "./dataset.ts";
import { ImageChecks } from "./image_checks.ts";
import { type SurveyedBadImage, surveyImages } from "./image_survey.ts";
import { type ImageInspector, LARGER_IMAGES } from "./images.ts";
import { likelyCause } from "./likely_cause.ts";
import { missingNotes } from "./missing_images.ts";

/** Fewer images are looked at within a tenth of a second: there is nothing to remember for another start. */
const LEAST_REMEMBERED = 1000;

/** What the look needs of the machine. */
export interface ImageCheckTools {
  readonly files: FileSystem;
  readonly inspector: ImageInspector;
  /** The file that remembers good images of a data folder from one start to the next. */
  readonly checksFile?: ((dataFolder: string) => Promise<string>) | undefined;
  /** Called with the number of images done so far. */
  readonly onImages?: ((done: number) => void) | undefined;
}

/** What becomes of bad images. */
export interface ImageCheckOptions {
  /** Bad images are left out instead of ending the work. */
  readonly skipBad?: boolean | undefined;
  /** Whether an image that holds no picture at all is left out without a fault: a file that happens to be there. */
  readonly isPassedOver?: ((index: number) => boolean) | undefined;
}

/** What was found. */
export interface CheckedImages {
  /** The good ones, in the order given. */
  readonly good: readonly number[];
  /** Left out; empty without `skipBad`. */
  readonly bad: readonly SurveyedBadImage[];
  /** Images that were passed over. */
  readonly others: readonly SurveyedBadImage[];
  /** Good and bad ones. */
  readonly total: number;
  /** What is likely the cause, where many are missing. */
  readonly notes: readonly string[];
  /** A sentence on why the next start has to look at all again, where it has. */
  readonly forgotten: string | undefined;
}

/**
 * Looks at images of a data set.
 * @param indices of the images that will be used
 * @throws WeftError in one line for bad images, or with `skipBad` where no good one is left
 */
export async function findGoodImages(
  dataset: AttributeDataset,
  indices: readonly number[],
  tools: ImageCheckTools,
  { skipBad, isPassedOver }: ImageCheckOptions = {},
): Promise<CheckedImages> {
  const isOfFolder = dataset.folder !== "";
  const isRemembered = isOfFolder && indices.length >= LEAST_REMEMBERED;
  const { checks, fault } = isRemembered ? await earlierChecks(dataset.folder, tools) : NOT_REMEMBERED;
  const found = await surveyImages(dataset, indices, { ...tools, checks });
  const failure = await checks?.save();
  const forgotten = failure === undefined ? fault : `the next start will check all images again: ${failure}`;
  const isOther = ({ kind, index }: SurveyedBadImage) => {
    return (kind === "foreign" || kind === "empty") && isPassedOver?.(index) === true;
  };
  const others = found.bad.filter(isOther);
  const bad = found.bad.filter((image) => !isOther(image));
  const missing = bad.flatMap(({ kind, index }) => (kind === "missing" ? [index] : []));
  const total = found.good.length + bad.length;
  const counts = { missing, all: total };
  const notes = isOfFolder ? await missingNotes(tools.files, dataset, counts, { skipBad }) : [];
  if (bad.length > 0 && found.good.length === 0) throw noneLeft(dataset, bad);
  if (bad.length > 0 && !skipBad) throw badImages(bad, total);
  return { good: found.good, bad, others, total, notes, forgotten };
}

interface EarlierChecks {
  readonly checks: ImageChecks | undefined;
  readonly fault: string | undefined;
}

const NOT_REMEMBERED: EarlierChecks = { checks: undefined, fault: undefined };

/** A cache that cannot be is no reason to train nothing. */
async function earlierChecks(folder: string, { files, checksFile }: ImageCheckTools): Promise<EarlierChecks> {
  try {
    const path = await checksFile?.(folder);
    if (path === undefined) return NOT_REMEMBERED;
    return { checks: await ImageChecks.open(files, path), fault: undefined };
  } catch (thrown) {
    if (!(thrown instanceof WeftError)) throw thrown;
    return { checks: undefined, fault: `what is found of the images is not remembered: ${thrown.problem}` };
  }
}

/** The data set with the given images only. */
export function withImages(dataset: AttributeDataset, indices: readonly number[]): AttributeDataset {
  return { ...dataset, images: indices.flatMap((index) => dataset.images[index] ?? []) };
}

function noneLeft(dataset: AttributeDataset, bad: readonly SurveyedBadImage[]): WeftError {
  const [first] = bad;
  const message = first?.message ?? "";
  const remedy = first?.kind === "large" ? LARGER_IMAGES : undefined;
  if (bad.length === 1) return new WeftError(message, { remedy });
  const place = dataset.labelFile === "" ? "" : `${dataset.labelFile}: `;
  const none = `none of the ${bad.length.toLocaleString("en-US")} images can be used`;
  return new WeftError(`${place}${none}, first ${message}; ${likelyCause(dataset, bad)}`, { remedy });
}

function badImages(bad: readonly SurveyedBadImage[], total: number): WeftError {
  const [first, second] = bad;
  const larger = bad.some(({ kind }) => kind === "large") ? LARGER_IMAGES : [];
  const remedyOf = (purpose: string): Remedy => [{ kind: "set", option: "skipBad", purpose }, ...larger];
  if (!second) return new WeftError(first?.message ?? "", { remedy: remedyOf("to leave it out") });
  const others = bad.length - 1;
  const next = others === 1 ? second.message : `next ${second.message}`;
  const more = `${others.toLocaleString("en-US")} more of ${total.toLocaleString("en-US")} images`;
  return new WeftError(`${first?.message} (and ${more}, ${next})`, {
    remedy: remedyOf("to leave them out"),
  });
}
