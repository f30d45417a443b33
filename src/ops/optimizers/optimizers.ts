// The optimizers by name. A new one is a file beside this one, its shader, and a line here.

import { adam } from "./adam.ts";
import { rmsprop } from "./rmsprop.ts";
import { sgd } from "./sgd.ts";

/** The optimizers by Keras' names in camelCase. */
export const OPTIMIZERS = { adam, sgd, rmsprop } as const;

/** A name of `OPTIMIZERS`. */
export type OptimizerName = keyof typeof OPTIMIZERS;

/** In the order in which help shows them. */
export const OPTIMIZER_NAMES = Object.keys(OPTIMIZERS) as readonly OptimizerName[];
