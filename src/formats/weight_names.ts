// Names of tensors and groups in files: of any length; shortened in messages.

import { WeftError } from "../base/errors.ts";

const LONGEST_NAME = 1024;
const SHOWN_CHARACTERS = 80;

/** A name for a message; a long name is reduced to its beginning and its end. */
export function shortName(name: string): string {
  if (name.length <= SHOWN_CHARACTERS) return name;
  const half = SHOWN_CHARACTERS / 2;
  return `${name.slice(0, half)}…${name.slice(-half)}`;
}

/** @throws WeftError if a tensor's name is longer than any that a network could have. */
export function requireNameLength(name: string, path: string): void {
  if (name.length <= LONGEST_NAME) return;
  throw new WeftError(
    `${path}: a tensor's name has ${name.length} characters (${shortName(name)}); expected up to ${LONGEST_NAME}`,
  );
}
