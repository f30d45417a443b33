// The look at all images before the first step, as commands show it: a progress where it takes long, one line for what is
// bad, and with --skip-bad a list of what is left out.

import { remedyText } from "../base/remedies.ts";
import { type CheckedImages, findGoodImages, type ImageCheckOptions } from "../data/checked_images.ts";
import type { AttributeDataset } from "../data/dataset.ts";
import { type ImageInspector, LARGER_IMAGES } from "../data/images.ts";
import { likelyCause } from "../data/likely_cause.ts";
import { nodeFiles } from "../platform/node/files.ts";
import { imageChecksFile } from "../platform/node/image_checks_file.ts";
import { sayNotes } from "./data_notes.ts";
import { FLAG_WORDS } from "./flag_words.ts";
import { now, Progress } from "./progress.ts";
import { counted, grouped, say, styleOf } from "./terminal.ts";

/** Quicker looks need no progress. */
const QUIET_SECONDS = 1;
const MOST_LISTED = 10;
/** More than this share of bad images is no accident of single files. */
const WARNING_SHARE = 0.1;
const NAMED_IN_WARNING = 3;

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
  options: ImageCheckOptions,
): Promise<number[]> {
  const progress = new CheckProgress();
  const onImages = (done: number) => progress.update(done, indices.length);
  const tools = { files: nodeFiles, inspector, checksFile: checksFileOf, onImages };
  const found = await findGoodImages(dataset, indices, tools, options).finally(() => progress.abandon());
  sayChecked(dataset, found);
  return [...found.good];
}

const checksFileOf = (folder: string) => imageChecksFile(nodeFiles, folder);

/** The progress of a look, from its second second on. */
export class CheckProgress {
  private readonly startedAt = now();
  private progress: Progress | undefined;

  update(done: number, total: number): void {
    const { startedAt } = this;
    if (!this.progress && now() - startedAt < QUIET_SECONDS) return;
    this.progress ??= new Progress({ label: "checking", total, unit: "images", startedAt });
    this.progress.update(done);
    if (done === total) this.progress.finish();
  }

  /** Clears the bar of a look that did not come to its end. */
  abandon(): void {
    this.progress?.abandon();
  }
}

/** Says what a look has found. */
export function sayChecked(
  dataset: AttributeDataset,
  { bad, others, total, notes, forgotten }: CheckedImages,
): void {
  if (forgotten !== undefined) say(forgotten);
  if (others.length > 0) say(`${counted(others.length, "other file")} passed over, first ${others[0]?.path}`);
  if (bad.length === 0) return;
  sayNotes(notes);
  const { yellow } = styleOf(process.stderr);
  const isMany = bad.length > WARNING_SHARE * total;
  const [first, ...listed] = bad.slice(0, isMany ? NAMED_IN_WARNING : MOST_LISTED);
  say(yellow(`${counted(bad.length, "bad image")} left out, first ${first?.message}`));
  for (const { message } of listed) say(yellow(`  then ${message}`));
  const unnamed = bad.length - 1 - listed.length;
  if (unnamed > 0) say(yellow(`  and ${grouped(unnamed)} more`));
  if (isMany && notes.length === 0) {
    const percent = Math.round((100 * bad.length) / total);
    const isLarge = bad.some(({ kind }) => kind === "large");
    const remedy = isLarge ? ` ${remedyText(LARGER_IMAGES, FLAG_WORDS)}` : "";
    const cause = `${likelyCause(dataset, bad)}${remedy}`;
    say(yellow(`warning: these are ${percent} % of ${counted(total, "image")}; ${cause}`));
  }
}
