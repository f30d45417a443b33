// What the kernels of convolutions share: a convolution's geometry as uniforms, and its form (vec4 or scalar loads,
// subgroup width).

import { WeftError } from "../../base/errors.ts";
import { type Shape, shapeText } from "../../base/tensors.ts";
import type { DeviceFacts } from "../../gpu/device.ts";
import type { AttributeReader, Padding } from "../../graph/attributes.ts";
import type { Tensor } from "../../graph/graph.ts";
import type { KernelUse } from "../../graph/operator.ts";
import { resolveWindows } from "../common/windows.ts";
import type { Activation } from "../elementwise/fused_activation.ts";

/** Attributes of a convolution, as Keras names them. */
export interface ConvolutionAttrs {
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  readonly dilations: readonly [number, number];
}

export function readConvolution(read: AttributeReader): ConvolutionAttrs {
  return {
    strides: read.pair("strides", [1, 1]),
    padding: read.padding("padding", "valid"),
    dilations: read.pair("dilations", [1, 1]),
  };
}

/** Sizes of a convolution: x [N,H,W,C], kernel R x S, y [N,P,Q,K]. */
export interface Geometry {
  readonly N: number;
  readonly H: number;
  readonly W: number;
  readonly C: number;
  readonly R: number;
  readonly S: number;
  readonly P: number;
  readonly Q: number;
  readonly K: number;
  readonly groups: number;
  readonly top: number;
  readonly left: number;
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
}

/**
 * Sizes of a convolution of x with a kernel of R x S.
 * @throws WeftError if no window fits.
 */
export function geometryOf(
  operator: string,
  x: Shape,
  kernel: { readonly R: number; readonly S: number; readonly K: number; readonly groups: number },
  attrs: ConvolutionAttrs,
): Geometry {
  const [N = 0, H = 0, W = 0, C = 0] = x;
  const { R, S } = kernel;
  const windows = resolveWindows(operator, { N, H, W, C }, { size: [R, S], ...attrs });
  const { P, Q, top, left } = windows;
  return { N, H, W, C, ...kernel, P, Q, top, left, strides: attrs.strides, dilations: attrs.dilations };
}

/** The geometry as uniforms; all convolution kernels use these names. */
export function geometryUniforms(g: Geometry) {
  return {
    in_h: g.H,
    in_w: g.W,
    in_c: g.C,
    group_c: g.C / g.groups,
    out_h: g.P,
    out_w: g.Q,
    out_c: g.K,
    group_k: g.K / g.groups,
    kernel_h: g.R,
    kernel_w: g.S,
    stride_h: g.strides[0],
    stride_w: g.strides[1],
    dilation_h: g.dilations[0],
    dilation_w: g.dilations[1],
    pad_top: g.top,
    pad_left: g.left,
  };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The step from one tap that meets an output to the next, in taps and in outputs, if strides skip pixels. */
export function tapSteps({ strides, dilations }: Geometry) {
  const [commonH, commonW] = [0, 1].map((axis) =>
    greatestCommonDivisor(strides[axis] ?? 1, dilations[axis] ?? 1),
  );
  return {
    step_h: strides[0] / (commonH ?? 1),
    step_w: strides[1] / (commonW ?? 1),
    rise_h: dilations[0] / (commonH ?? 1),
    rise_w: dilations[1] / (commonW ?? 1),
  };
}

/** The tensors of the forward kernel; dense layers have no statistics and no addend. */
export interface ForwardTensors {
  readonly x: Tensor;
  readonly w: Tensor;
  readonly b: Tensor | undefined;
  readonly statistics?: Tensor | undefined;
  readonly addend?: Tensor | undefined;
  readonly y: Tensor;
}

/** The epilogue of the forward kernel besides bias and batch norm. */
export interface ForwardFusion {
  readonly activation: Activation;
  readonly residualScale: number;
}

/** Whether the channels of every group are a multiple of four in x and in y, so that kernels can load vec4s. */
export function isVectorised(g: Geometry): boolean {
  return (g.C / g.groups) % 4 === 0 && (g.K / g.groups) % 4 === 0;
}

/** Multiplications and additions of one direction of a convolution. */
export function convolutionFlops(g: Geometry): number {
  return 2 * g.N * g.P * g.Q * g.K * g.R * g.S * (g.C / g.groups);
}

/** Register tile of the CPU family: each lane accumulates 4 pixels (Winograd: 4 tiles of an image) x 16 channels. */
export const PIXELS_PER_LANE = 4;
export const CHANNELS_PER_TILE = 16;

/** Lanes that share operands through workgroup memory if there are no subgroups of a fixed size. */
const LANES_WITHOUT_SUBGROUPS = 16;

/** Lanes of the workgroup that computes one tile. */
export function lanesOf(device: DeviceFacts): number {
  return device.subgroupSize ?? LANES_WITHOUT_SUBGROUPS;
}

/** A tiled kernel specialised for the device's subgroups, or for operands shared through workgroup memory. */
export function tiledKernel(name: string, source: string, device: DeviceFacts): KernelUse {
  const lanes = lanesOf(device);
  return {
    name,
    source,
    constants: { SUBGROUP_SIZE: `${lanes}u` },
    conditions: { subgroups: device.subgroupSize !== undefined },
  };
}

/** @throws WeftError if a bias does not have one value per output channel. */
export function checkBias(operator: string, bias: Shape | undefined, channels: number, w: Shape): void {
  if (bias && (bias.length !== 1 || bias[0] !== channels)) {
    throw new WeftError(
      `${operator}: b expects ${shapeText([channels])} (w is ${shapeText(w)}) but is ${shapeText(bias)}`,
    );
  }
}
