// The command line's words for options: flags.

import type { Words } from "../base/remedies.ts";

/** `--bn-momentum` for `bnMomentum`. */
export function flagOf(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** How faults and remedies name options. */
export const FLAG_WORDS: Words = {
  option: (name, value) => (value === undefined ? flagOf(name) : `${flagOf(name)} ${value}`),
};
