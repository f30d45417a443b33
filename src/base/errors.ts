// The one error class whose message is meant for the user.

import { LIBRARY_WORDS, type Remedy, remedyText, type Words } from "./remedies.ts";

/** What a fault is about and what can be done, for programs that say it in their own words. */
export interface FaultDetails {
  readonly cause?: unknown;
  /** The option whose value is at fault; its name stands before the message. */
  readonly option?: string | undefined;
  readonly remedy?: Remedy | undefined;
}

/**
 * A fault that the user can act on: bad input, a missing file, a GPU that is too small. The message says what was
 * expected, what was given, and what to do. The command line prints it on one line and exits with code 1. Anything else
 * that is thrown is a bug in weft.
 */
export class WeftError extends Error {
  override readonly name = "WeftError";
  readonly option: string | undefined;
  readonly remedy: Remedy | undefined;

  /** @param problem what is wrong, without the option's name and without the remedy */
  constructor(
    readonly problem: string,
    { cause, option, remedy }: FaultDetails = {},
  ) {
    const text = faultText(problem, { option, remedy }, LIBRARY_WORDS);
    super(text, cause === undefined ? undefined : { cause });
    this.option = option;
    this.remedy = remedy;
  }

  /** The message in the words of a program, in place of the library's. */
  messageIn(words: Words): string {
    return faultText(this.problem, this, words);
  }
}

function faultText(problem: string, { option, remedy }: FaultDetails, words: Words): string {
  const whole = option === undefined ? problem : `${words.option(option)} ${problem}`;
  const advice = remedy === undefined ? "" : remedyText(remedy, words);
  if (advice === "") return whole;
  return `${whole}${/[.?!]$/.test(whole) ? "" : "."} ${advice}`;
}

/** The message of anything thrown, whatever it is. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** What is wrong according to anything thrown, without a remedy: for messages that have one of their own. */
export function problemOf(thrown: unknown): string {
  return thrown instanceof WeftError ? thrown.problem : messageOf(thrown);
}
