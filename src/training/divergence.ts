// A training whose numbers are no longer finite.

import { WeftError } from "../base/errors.ts";

/** Losses, weights or statistics are not finite: what the GPU holds now must not replace what was saved. */
export class DivergenceError extends WeftError {}

/**
 * Looks at what a network has computed: of weights that are finite but too large it may be no number.
 * @param what names the output: `colour`
 * @throws WeftError where a value is NaN or infinite
 */
export function requireFiniteOutput(values: ArrayLike<number>, what: string): void {
  const odd = Array.from(values).find((value) => !Number.isFinite(value));
  if (odd === undefined) return;
  throw new WeftError(
    `the network computes ${odd} for ${what}: its weights are finite, but too large to compute with. ` +
      "Were they trained at too high a learning rate?",
  );
}
