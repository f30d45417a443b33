// A tensor of the graph: a name, a type, and where its value comes from.

import type { TensorType } from "../base/tensors.ts";

/**
 * Where a tensor's value comes from: written by the host before a step (`input`), kept between steps
 * and shared by plans (`variable`), fixed (`constant`), or computed by a node (`value`).
 */
export type TensorKind = "input" | "variable" | "constant" | "value";

/** A tensor of a graph. It has no values: those are on the device, where a plan places them. */
export interface Tensor extends TensorType {
  readonly id: number;
  readonly name: string;
  readonly kind: TensorKind;
  /** The bytes of a `constant`. */
  readonly data?: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
}
