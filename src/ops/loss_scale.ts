// Dynamic loss scaling (Micikevicius et al. 2018), all of it on the GPU: the gradient of the loss is multiplied by a
// scale, so that small gradients do not vanish in f16 (lossScaleSeed); where that makes one infinite (findInfinite),
// the optimizer leaves the step out and the scale is halved; after 2000 good steps it doubles (lossScaleUpdate).
// What is kept between steps is `state` [2]: the scale is 2^(15 + state[0]), state[1] counts good steps.

import type { TensorType } from "../base/tensors.ts";
import type { KernelFamily } from "../gpu/device.ts";

/** The scale's exponents: where it starts, and the least and the most it becomes. */
export const SCALE_EXPONENTS = { start: 15, least: 0, most: 24 } as const;
/** Good steps after which the scale doubles. */
export const GOOD_STEPS = 2000;
/** The least that the scale becomes. */
export const LEAST_LOSS_SCALE = 2 ** SCALE_EXPONENTS.least;

export const LOSS_SCALE_STATE: TensorType = { shape: [2], dtype: "f32" };

/** Threads that look through gradients; each leaves a flag. */
export const FLAG_THREADS: Readonly<Record<KernelFamily, number>> = { cpu: 512, gpu: 16384 };
