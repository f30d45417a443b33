// Why many images of a data set are bad at once: the question that the person should ask first. Of missing ones
// `missingNotes` knows more.

import type { AttributeDataset } from "./dataset.ts";
import type { SurveyedBadImage } from "./image_survey.ts";

/** The likely cause of most of the faults, as advice: `may this user read the files?`. */
export function likelyCause({ folder }: AttributeDataset, bad: readonly SurveyedBadImage[]): string {
  const most = (...kinds: SurveyedBadImage["kind"][]) => {
    return 2 * bad.filter(({ kind }) => kinds.includes(kind)).length > bad.length;
  };
  if (most("missing")) return `is ${folder || "their folder"} the right one, mounted and copied completely?`;
  if (most("unreadable")) return "may this user read the files, and is their disk in order?";
  if (most("large")) return "are these the right pictures? Larger ones than usual can be allowed.";
  if (most("foreign")) return "only JPEG, PNG and WebP images are read; convert the others";
  return "were the files copied or downloaded completely? Was the disk full?";
}
