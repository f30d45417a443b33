// A training whose numbers are no longer finite.

import { WeftError } from "../base/errors.ts";

/** Losses, weights or statistics are not finite: what the GPU holds now must not replace what was saved. */
export class DivergenceError extends WeftError {}
