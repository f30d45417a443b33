// What the two pools share: Keras' attributes, the shape rule, and the uniforms of their kernels.

import type { Shape, TensorType } from "../../base/tensors.ts";
import type { AttributeReader, Padding } from "../../graph/attributes.ts";
import { type TypesByRole, typeOf } from "../../graph/operator.ts";
import { type ChannelLanes, rowWorkgroups } from "../common/lanes.ts";
import { imageSizes } from "../common/shapes.ts";
import { type ResolvedWindows, resolveWindows } from "../common/windows.ts";

export interface PoolAttributes {
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
}

/** `size`, `strides` (equal to the size if not given) and `padding` ("valid"). */
export function poolAttributes(read: AttributeReader): PoolAttributes {
  const size = read.pair("size");
  return { size, strides: read.pair("strides", size), padding: read.padding("padding", "valid") };
}

/** The type of y, and its windows. */
export function inferPool(
  operator: string,
  inputs: TypesByRole,
  attrs: PoolAttributes,
): { y: TensorType; windows: ResolvedWindows } {
  const image = imageSizes(operator, inputs, "x");
  const windows = resolveWindows(operator, image, attrs);
  const { dtype } = typeOf(inputs, "x");
  return { y: { shape: [image.N, windows.P, windows.Q, image.C], dtype }, windows };
}

/** The uniforms that the pools' kernels have in common. */
export function poolUniforms(operator: string, x: Shape, attrs: PoolAttributes, { channels }: ChannelLanes) {
  const [N = 0, H = 0, W = 0, C = 0] = x;
  const { P, Q, top, left } = resolveWindows(operator, { N, H, W, C }, attrs);
  return {
    image: [H, W],
    output: [P, Q],
    window: attrs.size,
    strides: attrs.strides,
    padding: [top, left],
    channels,
  };
}

/** The grid of a pool's kernel, whose threads each compute 4 neighbouring columns of `result`. */
export function poolWorkgroups(result: Shape, { lanes }: ChannelLanes): [number, number, number] {
  return rowWorkgroups([...result.slice(0, 3), lanes], 1, 4);
}
