// What the checks in double precision share: sums with the magnitude of their terms, values of inputs, and which
// elements are looked at.

import { RandomStream } from "../base/random.ts";

/** A sum in double precision, with the sum of its terms' magnitudes. */
export interface ExactSum {
  readonly value: number;
  readonly magnitude: number;
}

/** Rounding in sums of up to some hundred thousand terms, a share of their magnitude; one part left out is far more. */
export const ROUNDING = 2e-5;

/** One element of an output. */
export interface ExactElement extends ExactSum {
  readonly role: string;
  readonly index: number;
}

/** Values of a node's inputs by role. */
export type InputValues = Readonly<Record<string, ArrayLike<number>>>;

/** The input of a role. @throws Error where it is missing. */
export function valuesOf(inputs: InputValues, role: string): ArrayLike<number> {
  const values = inputs[role];
  if (!values) throw new Error(`no values for ${role}`);
  return values;
}

/** The first, the last, and some indices between, the same for the same name. */
export function pickIndices(name: string, count: number, wanted: number): number[] {
  const stream = new RandomStream(5, name);
  const picked = Array.from({ length: Math.max(0, wanted - 2) }, () => stream.below(count));
  return [...new Set([0, count - 1, ...picked])];
}
