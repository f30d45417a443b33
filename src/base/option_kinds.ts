// Kinds of options: what values one takes, with the same rules for values in code and for text on a command line.

import { WeftError } from "./errors.ts";

/** A kind of option. `Given` is what code may hand in, `Value` what becomes of it. */
export interface OptionKind<Given, Value = Given> {
  /** For messages: `a whole number from 1`. */
  readonly expects: string;
  /** The words it takes, where they are few. */
  readonly choices?: readonly string[];
  /** @returns undefined where the value is not of this kind */
  readonly accept: (given: unknown) => Value | undefined;
  /** What a text stands for, to be accepted or not. */
  readonly ofText: (text: string) => unknown;
  /** Never there: carries the type. */
  readonly given?: Given;
}

/** Checks a value that code gives. @throws WeftError `batch expects a whole number from 1, received 0` */
export function acceptValue<V>(option: string, kind: OptionKind<unknown, V>, given: unknown): V {
  const value = kind.accept(given);
  if (value === undefined)
    throw new WeftError(`expects ${kind.expects}, received ${shown(given)}`, { option });
  return value;
}

function shown(given: unknown): string {
  if (typeof given === "number" || typeof given === "bigint") return String(given); // JSON has no NaN
  if (typeof given === "function") return "a function";
  return JSON.stringify(given) ?? String(given);
}

function numberKind(expects: string, isGood: (value: number) => boolean): OptionKind<number> {
  return {
    expects,
    accept: (given) => (typeof given === "number" && isGood(given) ? given : undefined),
    ofText: (text) => (text.trim() === "" ? Number.NaN : Number(text)),
  };
}

/** A whole number from `least` on, up to `most` where there is one. */
export function wholeNumberKind(least: number, most = Number.MAX_SAFE_INTEGER): OptionKind<number> {
  const end = most === Number.MAX_SAFE_INTEGER ? "" : ` to ${most}`;
  const isGood = (value: number) => Number.isSafeInteger(value) && value >= least && value <= most;
  return numberKind(`a whole number from ${least}${end}`, isGood);
}

export const POSITIVE_NUMBER = numberKind("a number above 0", (value) => Number.isFinite(value) && value > 0);

export const NON_NEGATIVE_NUMBER = numberKind(
  "a number from 0",
  (value) => Number.isFinite(value) && value >= 0,
);

/** From 0 to below 1. */
export const SHARE = numberKind("a number from 0 to below 1", (value) => value >= 0 && value < 1);

/** 32 bits. */
export const SEED = wholeNumberKind(0, 2 ** 32 - 1);

/** A path; an empty one is a shell variable that is not set. */
export const PATH: OptionKind<string> = {
  expects: "a path",
  accept: (given) => (typeof given === "string" && given !== "" ? given : undefined),
  ofText: (text) => text,
};

/** Yes or no. */
export const SWITCH: OptionKind<boolean> = {
  expects: "true or false",
  accept: (given) => (typeof given === "boolean" ? given : undefined),
  ofText: (text) => ({ true: true, false: false })[text],
};

/** One of a few words. */
export function choiceKind<const Word extends string>(words: readonly Word[]): OptionKind<Word> {
  return {
    expects: words.length === 1 ? `"${words[0]}"` : words.map((word) => `"${word}"`).join(" or "),
    choices: words,
    accept: (given) => words.find((word) => word === given),
    ofText: (text) => text,
  };
}
