// What the user should know of a data set: what weft took otherwise than it stands there.

import { say, styleOf } from "./terminal.ts";

/** Says each in a line of its own, on stderr. */
export function sayNotes(notes: readonly string[]): void {
  const { yellow } = styleOf(process.stderr);
  for (const note of notes) say(`  ${yellow(note)}`);
}
