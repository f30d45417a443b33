// What the labels of a split can teach: attributes without training labels, and classes that no training image has.

import type { CountedHead } from "../models/heads.ts";
import type { AttributeDataset, Split } from "./dataset.ts";

const SHOWN_CLASSES = 4;
const SHOWN_ATTRIBUTES = 10;

/** The heads as a training sees them, and a sentence on each that lacks labels. */
export interface LabelCoverage {
  /** With `seenClasses` where the training images lack a class. */
  readonly heads: CountedHead[];
  readonly warnings: readonly string[];
}

/** Images labelled with each class of each head: [head][class]. */
function countClasses({ heads, images }: Labelled, indices: readonly number[]): number[][] {
  const counts = heads.map(({ classes }) => new Array<number>(classes).fill(0));
  for (const index of indices) {
    for (const { head, class: right } of images[index]?.labels ?? []) {
      const ofHead = counts[head];
      if (ofHead) ofHead[right] = (ofHead[right] ?? 0) + 1;
    }
  }
  return counts;
}

type Labelled = Pick<AttributeDataset, "heads" | "images">;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** A class as label files write it: `nyn`. */
const lettersOf = (right: number, classes: number) =>
  "n".repeat(right) + "y" + "n".repeat(classes - right - 1);

/** Looks at the labels of a split. */
export function coverageOf(dataset: Labelled, { training, validation }: Split): LabelCoverage {
  const trained = countClasses(dataset, training);
  const validated = countClasses(dataset, validation);
  const warnings: string[] = [];
  const heads = dataset.heads.map((head, index) => {
    const counts = trained[index] ?? [];
    const warning = warningOf(head, counts, validated[index] ?? []);
    if (warning !== undefined) warnings.push(`${head.name}: ${warning}`);
    const seenClasses = counts.filter((count) => count > 0).length;
    return seenClasses < head.classes ? { ...head, seenClasses } : { ...head };
  });
  const rest = warnings.length - SHOWN_ATTRIBUTES;
  const more = rest > 0 ? [`training labels are missing of ${rest} more attributes or their classes`] : [];
  return { heads, warnings: [...warnings.slice(0, SHOWN_ATTRIBUTES), ...more] };
}

function warningOf(
  { classes }: CountedHead,
  training: readonly number[],
  validation: readonly number[],
): string | undefined {
  const seen = training.filter((count) => count > 0).length;
  const uncounted = "it does not count in the weighted accuracy";
  if (seen === 0) {
    const inValidation = sum(validation);
    const where = inValidation === 0 ? "" : ` (${inValidation} in validation)`;
    return `no training image is labelled${where}: this head learns nothing, and ${uncounted}`;
  }
  if (classes === 1) return `it has one class, so there is nothing to tell apart: ${uncounted}`;
  if (seen === 1) {
    const right = training.findIndex((count) => count > 0);
    return `all training labels are ${lettersOf(right, classes)}, one class of ${classes}: ${uncounted}`;
  }
  if (seen === classes) return undefined;
  const unseen = training.flatMap((count, right) => (count === 0 ? [right] : []));
  const shown = unseen.slice(0, SHOWN_CLASSES).map((right) => {
    const more = validation[right] ?? 0;
    return lettersOf(right, classes) + (more === 0 ? "" : ` (${more} in validation)`);
  });
  const rest = unseen.length > SHOWN_CLASSES ? `, and ${unseen.length - SHOWN_CLASSES} more` : "";
  return `no training image has ${shown.join(", ")}${rest}: ${unseen.length} of ${classes} classes cannot be learnt`;
}
