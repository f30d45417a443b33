// Whether computed values are right: near the expected values, near the values that another way of computing them gave,
// and all of them written. Each check says in a few words what is wrong, or returns undefined.

import type { StepValues } from "../graph/plan.ts";
import type { ExpectedElement } from "./expected_values.ts";

/** A share of the largest value of an output: other summation orders differ by less. */
const RELATIVE_TO_LARGEST = 1e-4;
/** Sums that differ slightly may be rounded to neighbours in f16. */
const HALF_SPACING = 2 ** -10;

/** What differs from the expected elements; undefined if nothing does. */
export function differenceFrom(got: StepValues, expected: readonly ExpectedElement[]): string | undefined {
  const wrong = expected.find(({ role, index, value, allowed }) => {
    return !(Math.abs((got[role]?.[index] ?? Number.NaN) - value) <= allowed);
  });
  if (!wrong) return undefined;
  const { role, index, value } = wrong;
  return `${role}[${index}] is ${got[role]?.[index]}, expected ${value}`;
}

/**
 * What differs between two ways of computing the same values; undefined if nothing does.
 * @param narrow the outputs that are f16
 */
export function differenceBetween(
  got: StepValues,
  reference: StepValues,
  narrow: ReadonlySet<string> = new Set(),
): string | undefined {
  for (const [role, wanted] of Object.entries(reference)) {
    const values = got[role] ?? new Float32Array();
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const spacing = narrow.has(role) ? HALF_SPACING : 0;
    const index = wanted.findIndex((value, i) => {
      const allowed = RELATIVE_TO_LARGEST * largest + spacing * Math.abs(value);
      return !(Math.abs((values[i] ?? Number.NaN) - value) <= allowed);
    });
    if (index >= 0) {
      return `${role}[${index}] is ${values[index]}, the operator's own choice gives ${wanted[index]}`;
    }
  }
  return undefined;
}
