// How depthwise convolutions are lowered. Square kernels of 3, 5 and 7 taps with stride 1 or 2 and one output per
// channel have specialised kernels that keep all taps in registers. All others use generic kernels.

import dataGradient from "../../../shaders/conv2d/depthwise/data_gradient.wgsl";
import dataGradientSquare from "../../../shaders/conv2d/depthwise/data_gradient_square.wgsl";
import forward from "../../../shaders/conv2d/depthwise/forward.wgsl";
import forwardSquare from "../../../shaders/conv2d/depthwise/forward_square.wgsl";
import weightGradient from "../../../shaders/conv2d/depthwise/weight_gradient.wgsl";
import weightGradientSquare from "../../../shaders/conv2d/depthwise/weight_gradient_square.wgsl";
import { WeftError } from "../../base/errors.ts";
import { elementCount, requireRank, type Shape, shapeText } from "../../base/tensors.ts";
import type { Tensor } from "../../graph/graph.ts";
import type { KernelUse, Lowering } from "../../graph/operator.ts";
import { cuts, neighbours } from "../common/candidates.ts";
import { channelLanes } from "../common/lanes.ts";
import { addPartials } from "../reduce/column_sums.ts";
import { type ConvolutionAttrs, type Geometry, geometryOf, geometryUniforms } from "./convolution.ts";

/** Kernels that keep all taps in registers; the data gradient's kernel is for stride 2. */
const SQUARE_KERNELS = {
  forward: forwardSquare,
  data_gradient: dataGradientSquare,
  weight_gradient: weightGradientSquare,
} as const;

/** Threads per workgroup of a depthwise kernel: one vector of a CPU, two or more of a GPU. */
const THREADS = { cpu: 8, gpu: 64 } as const;
/** Threads wanted in total: strips of rows are as long as this number allows. */
const WANTED_THREADS = { cpu: 128, gpu: 65536 } as const;
const WANTED_GRADIENT_THREADS = { cpu: 256, gpu: 32768 } as const;
const WANTED_GENERIC_THREADS = { cpu: 4096, gpu: 65536 } as const;
const MIN_STRIP_ROWS = 4;

/** Sizes of a depthwise convolution; K counts the outputs of all channels. */
export interface DepthwiseGeometry extends Geometry {
  readonly multiplier: number;
}

/**
 * Checks shapes and returns the sizes.
 * @throws WeftError if w expects another number of channels, or no window fits.
 */
export function depthwiseGeometry(x: Shape, w: Shape, attrs: ConvolutionAttrs): DepthwiseGeometry {
  const [, , , C = 0] = requireRank("depthwiseConv2d", "x", x, 4);
  const [R = 0, S = 0, channels = 0, multiplier = 0] = requireRank("depthwiseConv2d", "w", w, 4);
  if (channels !== C) {
    throw new WeftError(
      `depthwiseConv2d: w expects ${C} channels (x is ${shapeText(x)}) but has ${channels} (w is ${shapeText(w)})`,
    );
  }
  const kernel = { R, S, K: C * multiplier, groups: C };
  return { ...geometryOf("depthwiseConv2d", x, kernel, attrs), multiplier };
}

/**
 * Whether a kernel that keeps all taps in registers suits. It handles four channels per lane; the last vec4 may
 * overlap.
 */
function isSquare(g: DepthwiseGeometry): boolean {
  const [strideH, strideW] = g.strides;
  const hasKernel = g.R === g.S && [3, 5, 7].includes(g.R) && strideH === strideW && strideH <= 2;
  return hasKernel && g.multiplier === 1 && g.C >= 4 && g.dilations[0] * g.dilations[1] === 1;
}

/** A kernel with the workgroup of the device's family. */
function kernelOf(l: Lowering<object>, kernel: KernelUse): KernelUse {
  return { ...kernel, constants: { THREADS: `${THREADS[l.device.family]}u` } };
}

/** Workgroups for n threads in total. */
function workgroupsOf(l: Lowering<object>, threads: number): number {
  return Math.ceil(threads / THREADS[l.device.family]);
}

function squareKernel(
  l: Lowering<object>,
  direction: keyof typeof SQUARE_KERNELS,
  g: DepthwiseGeometry,
): KernelUse {
  const [stride] = g.strides;
  const kernel = kernelOf(l, {
    name: `conv2d/depthwise/${direction}_square ${g.R}x${g.S}${stride === 2 ? ", stride 2" : ""}`,
    source: SQUARE_KERNELS[direction],
    conditions: { ...channelLanes(g.C).conditions, stride2: stride === 2 },
  });
  return { ...kernel, constants: { ...kernel.constants, KERNEL: g.R, STRIDE: stride } };
}

/** Strips of rows. Long strips reread few halo rows of their neighbours, but every core must have some strips. */
function stripsOf(
  l: Lowering<object>,
  rows: number,
  threadsPerStrip: number,
  wanted: number,
): { rows_per_strip: number; row_strips: number } {
  const guess = Math.max(1, Math.min(Math.ceil(wanted / threadsPerStrip), Math.ceil(rows / MIN_STRIP_ROWS)));
  const strips = l.choose("strips", cuts(guess, rows));
  const rowsPerStrip = Math.ceil(rows / strips);
  return { rows_per_strip: rowsPerStrip, row_strips: Math.ceil(rows / rowsPerStrip) };
}

/**
 * The generic kernels' form and uniforms: vec4 channels if the multiplier is 1 and the channel count a multiple of
 * four.
 */
function genericForm(g: DepthwiseGeometry): {
  vec4: boolean;
  channels: number;
  uniforms: Record<string, number>;
} {
  const vec4 = g.multiplier === 1 && g.C % 4 === 0;
  const unit = vec4 ? 4 : 1;
  const { group_c: _c, group_k: _k, ...sizes } = geometryUniforms(g);
  const uniforms = { batch: g.N, ...sizes, in_c: g.C / unit, out_c: g.K / unit, multiplier: g.multiplier };
  return { vec4, channels: g.K / unit, uniforms };
}

function squareUniforms(g: DepthwiseGeometry): Record<string, number> {
  return {
    batch: g.N,
    in_h: g.H,
    in_w: g.W,
    channels: channelLanes(g.C).channels,
    out_h: g.P,
    out_w: g.Q,
    pad_top: g.top,
    pad_left: g.left,
  };
}

interface ForwardTensors {
  readonly x: Tensor;
  readonly w: Tensor;
  readonly b: Tensor | undefined;
  readonly y: Tensor;
}

function lowerSquareForward(
  l: Lowering<object>,
  g: DepthwiseGeometry,
  { x, w, b, y }: ForwardTensors,
  { flip, activation }: { readonly flip: 0 | 1; readonly activation: number },
): void {
  const { lanes } = channelLanes(g.C);
  const isStride1 = g.strides[0] === 1;
  const columnTiles = Math.ceil(g.Q / (isStride1 ? 4 : 2));
  const strips = stripsOf(l, g.P, g.N * columnTiles * lanes, WANTED_THREADS[l.device.family]);
  l.dispatch(squareKernel(l, "forward", g), {
    tensors: { x, w, b: b ?? w, y },
    uniforms: {
      ...squareUniforms(g),
      ...strips,
      column_tiles: columnTiles,
      taps: g.R * g.S,
      ...(isStride1 && { flip, four: 4 }),
      has_bias: Number(b !== undefined),
      activation,
    },
    workgroups: workgroupsOf(l, g.N * strips.row_strips * columnTiles * lanes),
  });
}

/** Dispatches the forward kernel; `activation` is a code of common/activation. */
export function lowerForward(
  l: Lowering<object>,
  g: DepthwiseGeometry,
  tensors: ForwardTensors,
  activation: number,
): void {
  if (isSquare(g)) {
    lowerSquareForward(l, g, tensors, { flip: 0, activation });
    return;
  }
  const { x, w, b, y } = tensors;
  const { vec4, channels, uniforms } = genericForm(g);
  const columnTiles = Math.ceil(g.Q / 4);
  l.dispatch(kernelOf(l, { name: "conv2d/depthwise/forward", source: forward, conditions: { vec4 } }), {
    tensors: { x, w, b: b ?? w, y },
    uniforms: { ...uniforms, column_tiles: columnTiles, has_bias: Number(b !== undefined), activation },
    workgroups: workgroupsOf(l, g.N * g.P * columnTiles * channels),
  });
}

/** Dispatches the kernel of the gradient with respect to x. */
export function lowerDataGradient(
  l: Lowering<object>,
  g: DepthwiseGeometry,
  dy: Tensor,
  w: Tensor,
  dx: Tensor,
): void {
  if (!isSquare(g)) {
    const { vec4, uniforms } = genericForm(g);
    const channels = vec4 ? g.C / 4 : g.C;
    l.dispatch(
      kernelOf(l, { name: "conv2d/depthwise/data_gradient", source: dataGradient, conditions: { vec4 } }),
      { tensors: { dy, w, dx }, uniforms, workgroups: workgroupsOf(l, g.N * g.H * g.W * channels) },
    );
    return;
  }
  if (g.strides[0] === 1) {
    // For stride 1 the data gradient is the forward pass over dy with the taps in reverse order.
    const [H, W, P, Q] = [g.P, g.Q, g.H, g.W];
    const swapped = { ...g, H, W, P, Q, top: g.R - 1 - g.top, left: g.S - 1 - g.left };
    lowerSquareForward(l, swapped, { x: dy, w, b: undefined, y: dx }, { flip: 1, activation: 0 });
    return;
  }
  const { lanes } = channelLanes(g.C);
  const rowPairs = Math.ceil((g.H + g.top) / 2);
  const columnTiles = Math.ceil((g.W + g.left) / 4);
  const strips = stripsOf(l, rowPairs, g.N * columnTiles * lanes, WANTED_THREADS[l.device.family]);
  l.dispatch(squareKernel(l, "data_gradient", g), {
    tensors: { dy, w, dx },
    uniforms: { ...squareUniforms(g), ...strips, column_tiles: columnTiles, taps: g.R * g.S, four: 4 },
    workgroups: workgroupsOf(l, g.N * strips.row_strips * columnTiles * lanes),
  });
}

/** Dispatches the kernels of the gradient with respect to w: partial sums over strips of rows, then their sum. */
export function lowerWeightGradient(
  l: Lowering<object>,
  g: DepthwiseGeometry,
  x: Tensor,
  dy: Tensor,
  dw: Tensor,
): void {
  const partialsFor = (splits: number) =>
    splits === 1
      ? dw
      : l.workspace("partial sums", { shape: [splits, elementCount(dw.shape)], dtype: "f32" });
  let splits: number;
  let partials: Tensor;
  if (isSquare(g)) {
    const { lanes } = channelLanes(g.C);
    const columnTiles = Math.ceil(g.Q / (g.strides[0] === 1 ? 4 : 2));
    const strips = stripsOf(l, g.P, g.N * columnTiles * lanes, WANTED_THREADS[l.device.family]);
    const strands = g.N * strips.row_strips * columnTiles;
    const guess = Math.min(strands, Math.ceil(WANTED_GRADIENT_THREADS[l.device.family] / lanes));
    splits = l.choose("splits", neighbours(guess, 1, strands));
    partials = partialsFor(splits);
    l.dispatch(squareKernel(l, "weight_gradient", g), {
      tensors: { x, dy, partials },
      uniforms: { ...squareUniforms(g), ...strips, column_tiles: columnTiles, taps: g.R * g.S, splits },
      workgroups: workgroupsOf(l, splits * lanes),
    });
  } else {
    const { vec4, channels, uniforms } = genericForm(g);
    const rows = g.N * g.P;
    const guess = Math.max(
      1,
      Math.min(Math.ceil(WANTED_GENERIC_THREADS[l.device.family] / (channels * g.R * g.S)), rows),
    );
    const wanted = l.choose("splits", cuts(guess, rows));
    const rowsPerSplit = Math.ceil(rows / wanted);
    splits = Math.ceil(rows / rowsPerSplit);
    partials = partialsFor(splits);
    l.dispatch(
      kernelOf(l, { name: "conv2d/depthwise/weight_gradient", source: weightGradient, conditions: { vec4 } }),
      {
        tensors: { x, dy, partials },
        uniforms: { ...uniforms, splits, rows_per_split: rowsPerSplit },
        workgroups: workgroupsOf(l, splits * g.R * g.S * channels),
      },
    );
  }
  if (splits > 1) addPartials(l, partials, dw, splits);
}
