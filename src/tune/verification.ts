// Whether computed values are right: near what is expected, near what another way of computing them gave, and
// none left unwritten. Each check says in a few words what is wrong, or nothing.

import type { StepValues } from "../graph/plan.ts";
import type { ExpectedElement } from "./expected_values.ts";

/** Of the largest value of an output: other orders of a sum differ by less. */
const RELATIVE_TO_LARGEST = 1e-4;
/** Sums that differ by little may be rounded to neighbours in f16. */
const HALF_SPACING = 2 ** -10;

/** What differs from the expected elements; undefined where nothing does. */
export function differenceFrom(got: StepValues, expected: readonly ExpectedElement[]): string | undefined {
  const wrong = expected.find(({ role, index, value, allowed }) => {
    return !(Math.abs((got[role]?.[index] ?? Number.NaN) - value) <= allowed);
  });
  if (!wrong) return undefined;
  const { role, index, value } = wrong;
  return `${role}[${index}] is ${got[role]?.[index]}, expected ${value}`;
}

/**
 * What differs between two ways of computing the same; undefined where nothing does.
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
