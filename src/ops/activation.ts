// Activations that convolution and batch norm can fuse, and their codes in shaders/common/activation.wesl.

import type { AttributeReader } from "../graph/attributes.ts";

export const ACTIVATION_CODES = { none: 0, relu: 1, relu6: 2 } as const;

/** The name of a fused activation; `none` leaves the value as it is. */
export type Activation = keyof typeof ACTIVATION_CODES;

/** Reads the attribute `activation`, `none` by default. */
export function readActivation(read: AttributeReader): Activation {
  return read.choice("activation", ["none", "relu", "relu6"], "none");
}
