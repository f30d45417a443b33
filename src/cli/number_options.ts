// Readers of numbers on the command line. Each says in its message what the option takes.

import { WeftError } from "../base/errors.ts";

type Reader = (text: string) => number;

function reader(flag: string, expected: string, isGood: (value: number) => boolean): Reader {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!isGood(value)) throw new WeftError(`${flag} expects ${expected}, received ${JSON.stringify(text)}`);
    return value;
  };
}

/** A whole number from `least` on, up to `most` where there is one. */
export function wholeNumber(flag: string, least: number, most = Number.MAX_SAFE_INTEGER): Reader {
  const end = most === Number.MAX_SAFE_INTEGER ? "" : ` to ${most}`;
  const isGood = (value: number) => Number.isSafeInteger(value) && value >= least && value <= most;
  return reader(flag, `a whole number from ${least}${end}`, isGood);
}

/** A number above zero. */
export function positiveNumber(flag: string): Reader {
  return reader(flag, "a number above 0", (value) => Number.isFinite(value) && value > 0);
}

/** A number from 0 on. */
export function nonNegativeNumber(flag: string): Reader {
  return reader(flag, "a number from 0", (value) => Number.isFinite(value) && value >= 0);
}

/** A share: from 0 to below 1. */
export function share(flag: string): Reader {
  return reader(flag, "a number from 0 to below 1", (value) => value >= 0 && value < 1);
}

/** A seed: 32 bits. */
export function seedNumber(flag: string): Reader {
  const isSeed = (value: number) => Number.isInteger(value) && value >= 0 && value < 2 ** 32;
  return reader(flag, "a whole number from 0 to 4294967295", isSeed);
}
