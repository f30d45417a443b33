// The forms of a kernel: vec4 lanes (four neighbouring elements) if its sizes are multiples of four, otherwise single
// values. If a channel count above four is not a multiple of four, the last vec4 overlaps the one before it.

import type { Shape } from "../../base/tensors.ts";
import type { UniformValues } from "../../gpu/shader_linking.ts";
import type { Tensor } from "../../graph/graph.ts";
import type { KernelUse, Lowering } from "../../graph/operator.ts";

/** How a kernel counts its innermost dimension. */
export interface Lanes {
  /** Elements in a lane. */
  readonly width: 1 | 4;
  /** Conditions that specialise the kernel for this form. */
  readonly conditions: { readonly vec4: boolean };
}

/** The widest lane that divides all of `sizes`: element counts, channel counts, offsets. */
export function lanesFor(...sizes: readonly number[]): Lanes {
  const vec4 = sizes.every((size) => size % 4 === 0);
  return { width: vec4 ? 4 : 1, conditions: { vec4 } };
}

/** How a kernel counts channels; the last lane may overlap the one before it (shaders/common/lanes). */
export interface ChannelLanes {
  /** Lanes per pixel. */
  readonly lanes: number;
  /** The kernel's uniform `channels`: the number of stored values or vec4s per pixel. */
  readonly channels: number;
  /** Conditions that specialise the kernel for this form. */
  readonly conditions: { readonly vec4: boolean; readonly overlap: boolean };
}

/**
 * Lanes of four channels. The last one overlaps if the channel count is not a multiple of four. Below four channels,
 * lanes of one.
 */
export function channelLanes(channels: number): ChannelLanes {
  if (channels < 4) return singleLanes(channels);
  const overlap = channels % 4 !== 0;
  const lanes = Math.ceil(channels / 4);
  return { lanes, channels: overlap ? channels : lanes, conditions: { vec4: true, overlap } };
}

/** Lanes of one channel. */
export function singleLanes(channels: number): ChannelLanes {
  return { lanes: channels, channels, conditions: { vec4: false, overlap: false } };
}

/** Lanes that one workgroup of the element-wise kernels handles (common/element_wise.wesl). */
const LANES_PER_WORKGROUP = 256;

/** Workgroups of an element-wise kernel over n lanes. */
export function elementWorkgroups(lanes: number): number {
  return Math.ceil(lanes / LANES_PER_WORKGROUP);
}

/** Dispatches an element-wise kernel over tensors of n elements each, in the widest lanes. */
export function dispatchElements(
  dispatch: Lowering<object>["dispatch"],
  kernel: KernelUse,
  elements: number,
  tensors: Readonly<Record<string, Tensor>>,
  uniforms: UniformValues = {},
): void {
  const { width, conditions } = lanesFor(elements);
  const count = elements / width;
  dispatch(
    { ...kernel, conditions: { ...kernel.conditions, ...conditions } },
    { tensors, uniforms: { ...uniforms, count }, workgroups: elementWorkgroups(count) },
  );
}

/**
 * The grid of a kernel that computes a result [N, rows, columns, C] row by row: workgroup (x, row, n), with threads for
 * the row's columns, a few columns at a time, and their lanes of `width` channels.
 */
export function rowWorkgroups(result: Shape, width: number, columnsPerThread = 1): [number, number, number] {
  const [N = 0, rows = 0, columns = 0, C = 0] = result;
  return [Math.ceil((Math.ceil(columns / columnsPerThread) * C) / width / 64), rows, N];
}

/** Pixels per thread of elementwise/binary_per_channel and reduce/spread_over_space. */
const PIXELS_PER_THREAD = 8;

/** The grid of a kernel whose threads each handle one channel of several neighbouring pixels of an image. */
export function perChannelWorkgroups(
  images: number,
  pixels: number,
  channels: number,
): [number, number, number] {
  return [Math.ceil((Math.ceil(pixels / PIXELS_PER_THREAD) * channels) / 64), images, 1];
}
