// The look at all images before the first step, as commands do it: a progress where it takes long, one line
// for what is bad, and with --skip-bad a list of what is left out.

import { WeftError } from "../base/errors.ts";
import type { AttributeDataset } from "../data/dataset.ts";
import { ImageChecks } from "../data/image_checks.ts";
import { type SurveyedBadImage, surveyImages } from "../data/image_survey.ts";
import type { ImageInspector } from "../data/images.ts";
import { missingNotes } from "../data/missing_images.ts";
import { nodeFiles } from "../platform/node/files.ts";
import { imageChecksFile } from "../platform/node/image_checks_file.ts";
import { sayNotes } from "./data_notes.ts";
import { likelyCause } from "./likely_cause.ts";
import { now, Progress } from "./progress.ts";
import { counted, grouped, say, styleOf } from "./terminal.ts";

/** Quicker surveys need no progress. */
const QUIET_SECONDS = 1;
/** Fewer images are looked at within a tenth of a second: there is nothing to remember for another start. */
const LEAST_REMEMBERED = 1000;
const MOST_LISTED = 10;
/** More than this share of bad images is no accident of single files. */
const WARNING_SHARE = 0.1;
const NAMED_IN_WARNING = 3;

export interface ImageCheckOptions {
  /** Bad images are left out instead of ending the command. */
  readonly skipBad?: boolean | undefined;
  /** Whether an image that holds no picture at all is left out without a fault: a file that happens to be there. */
  readonly isPassedOver?: ((index: number) => boolean) | undefined;
}

/**
 * Looks at images before anything is computed or written.
 * @param indices of the images that will be used
 * @returns the good ones, in the order given
 * @throws WeftError in one line for bad images, or with `skipBad` where no good one is left
 */
export async function checkImages(
  dataset: AttributeDataset,
  indices: readonly number[],
  inspector: ImageInspector,
  { skipBad, isPassedOver }: ImageCheckOptions,
): Promise<number[]> {
  const found = await survey(dataset, indices, inspector);
  const { good } = found;
  const isOther = ({ kind, index }: SurveyedBadImage) => {
    return (kind === "foreign" || kind === "empty") && isPassedOver?.(index) === true;
  };
  const others = found.bad.filter(isOther);
  const bad = found.bad.filter((image) => !isOther(image));
  if (others.length > 0) say(`${counted(others.length, "other file")} passed over, first ${others[0]?.path}`);
  const missing = bad.flatMap(({ kind, index }) => (kind === "missing" ? [index] : []));
  const total = good.length + bad.length;
  const isOfFolder = dataset.folder !== "";
  const counts = { missing, all: total };
  const notes = isOfFolder ? await missingNotes(nodeFiles, dataset, counts, { skipBad }) : [];
  if (bad.length === 0) return [...good];
  if (good.length === 0) throw noneLeft(dataset, bad);
  if (!skipBad) throw badImages(bad, total);
  sayNotes(notes);
  sayLeftOut(dataset, bad, { total, isCauseTold: notes.length > 0 });
  return [...good];
}

/** The data set with the given images only. */
export function withImages(dataset: AttributeDataset, indices: readonly number[]): AttributeDataset {
  return { ...dataset, images: indices.flatMap((index) => dataset.images[index] ?? []) };
}

async function survey(dataset: AttributeDataset, indices: readonly number[], inspector: ImageInspector) {
  const isRemembered = dataset.folder !== "" && indices.length >= LEAST_REMEMBERED;
  const checks = isRemembered ? await earlierChecks(dataset.folder) : undefined;
  const startedAt = now();
  let progress: Progress | undefined;
  const onImages = (done: number) => {
    if (!progress && now() - startedAt < QUIET_SECONDS) return;
    progress ??= new Progress({ label: "checking", total: indices.length, unit: "images", startedAt });
    progress.update(done);
  };
  const tools = { files: nodeFiles, inspector, checks, onImages };
  const found = await surveyImages(dataset, indices, tools).catch((thrown: unknown) => {
    progress?.abandon();
    throw thrown;
  });
  progress?.finish();
  const failure = await checks?.save();
  if (failure !== undefined) say(`the next start will check all images again: ${failure}`);
  return found;
}

/** A cache that cannot be is no reason to train nothing. */
async function earlierChecks(folder: string): Promise<ImageChecks | undefined> {
  try {
    return await ImageChecks.open(nodeFiles, await imageChecksFile(nodeFiles, folder));
  } catch (thrown) {
    if (!(thrown instanceof WeftError)) throw thrown;
    say(`what is found of the images is not remembered: ${thrown.message}`);
    return undefined;
  }
}

function noneLeft(dataset: AttributeDataset, bad: readonly SurveyedBadImage[]): WeftError {
  const message = bad[0]?.message ?? "";
  if (bad.length === 1) return new WeftError(message);
  const place = dataset.labelFile === "" ? "" : `${dataset.labelFile}: `;
  const none = `none of the ${grouped(bad.length)} images can be used`;
  return new WeftError(`${place}${none}, first ${message}; ${likelyCause(dataset, bad)}`);
}

function badImages(bad: readonly SurveyedBadImage[], total: number): WeftError {
  const [first, second] = bad;
  if (!second) return new WeftError(`${first?.message} (--skip-bad leaves it out)`);
  const others = bad.length - 1;
  const next = others === 1 ? second.message : `next ${second.message}`;
  return new WeftError(
    `${first?.message} (and ${grouped(others)} more of ${counted(total, "image")}, ${next}; --skip-bad leaves them out)`,
  );
}

function sayLeftOut(
  dataset: AttributeDataset,
  bad: readonly SurveyedBadImage[],
  { total, isCauseTold }: { readonly total: number; readonly isCauseTold: boolean },
): void {
  const { yellow } = styleOf(process.stderr);
  const isMany = bad.length > WARNING_SHARE * total;
  const [first, ...others] = bad.slice(0, isMany ? NAMED_IN_WARNING : MOST_LISTED);
  say(yellow(`${counted(bad.length, "bad image")} left out, first ${first?.message}`));
  for (const { message } of others) say(yellow(`  then ${message}`));
  const unnamed = bad.length - 1 - others.length;
  if (unnamed > 0) say(yellow(`  and ${grouped(unnamed)} more`));
  if (isMany && !isCauseTold) {
    const percent = Math.round((100 * bad.length) / total);
    say(
      yellow(`warning: these are ${percent} % of ${counted(total, "image")}; ${likelyCause(dataset, bad)}`),
    );
  }
}
