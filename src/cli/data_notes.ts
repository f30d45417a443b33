// What the user should know of a data set: what weft took otherwise than it stands there, and what it lacks.

import type { CountedHead } from "../models/heads.ts";
import { isCounted } from "../training/metrics.ts";
import { say, styleOf } from "./terminal.ts";

/** Says each in a line of its own, on stderr. */
export function sayNotes(notes: readonly string[]): void {
  const { yellow } = styleOf(process.stderr);
  for (const note of notes) say(`  ${yellow(note)}`);
}

/** Says which heads of a run are left out of the weighted accuracy, where some are. */
export function sayUncounted(heads: readonly CountedHead[]): void {
  const names = heads.filter((head) => !isCounted(head)).map(({ name }) => name);
  if (names.length === 0) return;
  sayNotes([
    `not in the weighted accuracy, as training had fewer than two classes of them: ${names.join(", ")}`,
  ]);
}
