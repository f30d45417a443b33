// The forms of a kernel: four neighbouring elements at a time where its sizes allow it, else one; of channels that do
// not come in fours, fours that overlap.

import type { Shape } from "../../base/tensors.ts";
import type { UniformValues } from "../../gpu/shader_linking.ts";
import type { Tensor } from "../../graph/graph.ts";
import type { KernelUse, Lowering } from "../../graph/operator.ts";

/** How a kernel counts its innermost dimension. */
export interface Lanes {
  /** Elements in a lane. */
  readonly width: 1 | 4;
  /** Conditions that specialise the kernel for it. */
  readonly conditions: { readonly vec4: boolean };
}

/** The widest lanes that divide every one of `sizes`: element counts, channels, offsets. */
export function lanesFor(...sizes: readonly number[]): Lanes {
  const vec4 = sizes.every((size) => size % 4 === 0);
  return { width: vec4 ? 4 : 1, conditions: { vec4 } };
}

/** How a kernel counts channels, whose last lane may overlap the one before it (shaders/common/lanes). */
export interface ChannelLanes {
  /** Lanes of a pixel. */
  readonly lanes: number;
  /** The kernel's uniform `channels`: what storage counts of a pixel. */
  readonly channels: number;
  /** Conditions that specialise the kernel for it. */
  readonly conditions: { readonly vec4: boolean; readonly overlap: boolean };
}

/** Lanes of four channels, which overlap where channels do not come in fours; of one where there are less than four. */
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

/** Lanes that a workgroup of the element-wise kernels handles (common/element_wise.wesl). */
const LANES_PER_WORKGROUP = 256;

/** Workgroups for an element-wise kernel over so many lanes. */
export function elementWorkgroups(lanes: number): number {
  return Math.ceil(lanes / LANES_PER_WORKGROUP);
}

/** Dispatches an element-wise kernel over tensors of so many elements each, in the widest lanes. */
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
 * The grid of a kernel that makes a result [N, rows, columns, C] row by row: workgroup (x, row, n), with threads
 * for the row's columns, a few at a time, and their lanes of `width` channels.
 */
export function rowWorkgroups(result: Shape, width: number, columnsPerThread = 1): [number, number, number] {
  const [N = 0, rows = 0, columns = 0, C = 0] = result;
  return [Math.ceil((Math.ceil(columns / columnsPerThread) * C) / width / 64), rows, N];
}

/** Pixels that a thread of elementwise/binary_per_channel and of reduce/spread_over_space handles. */
const PIXELS_PER_THREAD = 8;

/** The grid of a kernel whose threads handle one channel of several neighbouring pixels of an image. */
export function perChannelWorkgroups(
  images: number,
  pixels: number,
  channels: number,
): [number, number, number] {
  return [Math.ceil((Math.ceil(pixels / PIXELS_PER_THREAD) * channels) / 64), images, 1];
}
