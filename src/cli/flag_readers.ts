// Readers of values on the command line. Each says in its message what the option takes.

import { WeftError } from "../base/errors.ts";
import { type OptionKind, PATH, POSITIVE_NUMBER, wholeNumberKind } from "../base/option_kinds.ts";

type Reader<Value> = (text: string) => Value;

/** Reads a flag's text as a value of a kind. */
export function flagReader<Value>(flag: string, kind: OptionKind<unknown, Value>): Reader<Value> {
  return (text) => {
    const value = kind.accept(kind.ofText(text));
    if (value === undefined)
      throw new WeftError(`${flag} expects ${kind.expects}, received ${JSON.stringify(text)}`);
    return value;
  };
}

/** A whole number from `least` on, up to `most` where there is one. */
export function wholeNumber(flag: string, least: number, most?: number): Reader<number> {
  return flagReader(flag, wholeNumberKind(least, most));
}

export const positiveNumber = (flag: string): Reader<number> => flagReader(flag, POSITIVE_NUMBER);
/** A path; an empty one is a shell variable that is not set. */
export const pathText = (flag: string): Reader<string> => flagReader(flag, PATH);
