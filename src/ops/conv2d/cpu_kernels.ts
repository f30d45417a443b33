// Convolutions on CPU adapters: implicit GEMM without workgroup memory. A subgroup computes a tile; the register tile
// of a lane is 4 pixels x 16 channels (shaders/conv2d). 3x3 convolutions use Winograd if that is faster.

import dataGradient from "../../../shaders/conv2d/data_gradient.wgsl";
import forward from "../../../shaders/conv2d/forward.wgsl";
import weightGradient from "../../../shaders/conv2d/weight_gradient.wgsl";
import { elementCount } from "../../base/tensors.ts";
import type { DeviceFacts } from "../../gpu/device.ts";
import type { Tensor } from "../../graph/graph.ts";
import type { KernelUse, Lowering } from "../../graph/operator.ts";
import { cuts } from "../common/candidates.ts";
import { ACTIVATION_CODES } from "../elementwise/fused_activation.ts";
import { addPartials } from "../reduce/column_sums.ts";
import {
  CHANNELS_PER_TILE,
  type ForwardFusion,
  type ForwardTensors,
  type Geometry,
  geometryUniforms,
  isVectorised,
  lanesOf,
  PIXELS_PER_LANE,
  tapSteps,
  tiledKernel,
} from "./convolution.ts";
import { isFirstLayer, lowerFirstLayer } from "./first_layers.ts";
import {
  isByWinograd,
  lowerDataGradientByWinograd,
  lowerForwardByWinograd,
  lowerWeightGradientByWinograd,
} from "./winograd.ts";

/** A tiled kernel whose storage holds channels as vec4s or as single values. */
function channelKernel(name: string, source: string, device: DeviceFacts, vec4: boolean): KernelUse {
  const { constants, conditions, ...kernel } = tiledKernel(name, source, device);
  return {
    ...kernel,
    name: vec4 ? name : `${name} scalar`,
    constants: { ...constants, WIDTH: vec4 ? "4u" : "1u" },
    conditions: { ...conditions, vec4 },
  };
}

/** Dispatches the kernels of the forward pass. */
export function lowerForwardOnCpu(
  l: Lowering<object>,
  g: Geometry,
  tensors: ForwardTensors,
  fusion: ForwardFusion,
): void {
  if (isByWinograd(l, g, "forward")) {
    lowerForwardByWinograd(l, g, tensors, fusion);
    return;
  }
  if (isFirstLayer(g) && !tensors.addend) {
    lowerFirstLayer(l, g, tensors, fusion);
    return;
  }
  const { x, w, b, statistics, addend, y } = tensors;
  const { activation, residualScale } = fusion;
  const pixels = g.N * g.P * g.Q;
  const tilesK = Math.ceil(g.K / g.groups / CHANNELS_PER_TILE);
  const tiles = Math.ceil(pixels / (PIXELS_PER_LANE * lanesOf(l.device))) * g.groups * tilesK;
  // w stands in for absent operands.
  l.dispatch(channelKernel("conv2d/forward", forward, l.device, isVectorised(g)), {
    tensors: { x, w, b: b ?? w, y, addend: addend ?? w, statistics: statistics ?? w },
    uniforms: {
      pixels,
      ...geometryUniforms(g),
      has_bias: Number(b !== undefined),
      activation: ACTIVATION_CODES[activation],
      tiles_k: tilesK,
      tiles,
      four: 4,
      has_statistics: Number(statistics !== undefined),
      has_addend: Number(addend !== undefined),
      residual_scale: residualScale,
    },
    workgroups: tiles,
  });
}

/** Dispatches the kernels of the gradient with respect to x. */
export function lowerDataGradientOnCpu(
  l: Lowering<object>,
  g: Geometry,
  dy: Tensor,
  w: Tensor,
  dx: Tensor,
): void {
  if (isByWinograd(l, g, "dataGradient")) {
    lowerDataGradientByWinograd(l, g, dy, w, dx);
    return;
  }
  const [strideH, strideW] = g.strides;
  const tilesC = Math.ceil(g.C / g.groups / CHANNELS_PER_TILE);
  const phasePixels = g.N * Math.ceil(g.H / strideH) * Math.ceil(g.W / strideW);
  const phaseTiles = Math.ceil(phasePixels / (PIXELS_PER_LANE * lanesOf(l.device)));
  const tiles = strideH * strideW * phaseTiles * g.groups * tilesC;
  l.dispatch(channelKernel("conv2d/data_gradient", dataGradient, l.device, isVectorised(g)), {
    tensors: { dy, w, dx },
    uniforms: {
      batch: g.N,
      ...geometryUniforms(g),
      tiles_c: tilesC,
      phase_tiles: phaseTiles,
      tiles,
      ...tapSteps(g),
      four: 4,
    },
    workgroups: tiles,
  });
}

/** With fewer workgroups the sum over pixels is split further, so that every core has work. */
const WANTED_TILES = 16;
const MAX_SPLITS = 64;
/** Pixels that the gradient of a 1x1 convolution counts as one row. */
const POINTWISE_ROW = 64;

/** Dispatches the kernels of the gradient with respect to w: partial sums over rows of pixels, then their sum. */
export function lowerWeightGradientOnCpu(
  l: Lowering<object>,
  g: Geometry,
  x: Tensor,
  dy: Tensor,
  dw: Tensor,
): void {
  if (isByWinograd(l, g, "weightGradient")) {
    lowerWeightGradientByWinograd(l, g, x, dy, dw);
    return;
  }
  const vec4 = isVectorised(g);
  const taps = g.R * g.S;
  const groupC = g.C / g.groups;
  const pixels = g.N * g.P * g.Q;
  const tilesC = Math.ceil((vec4 ? groupC : taps * groupC) / (PIXELS_PER_LANE * lanesOf(l.device)));
  const tilesK = Math.ceil(g.K / g.groups / CHANNELS_PER_TILE);
  const baseTiles = (vec4 ? taps : 1) * g.groups * tilesC * tilesK;
  const { rows, uniforms } = pixelRows(g, vec4);
  const most = Math.min(rows, MAX_SPLITS);
  const guess = Math.max(1, Math.min(Math.ceil(WANTED_TILES / baseTiles), most));
  const wanted = l.choose("splits", cuts(guess, rows, most));
  const rowsPerSplit = Math.ceil(rows / wanted);
  const splits = Math.ceil(rows / rowsPerSplit);
  const partials =
    splits === 1
      ? dw
      : l.workspace("partial sums", { shape: [splits, elementCount(dw.shape)], dtype: "f32" });
  const tiles = splits * baseTiles;
  l.dispatch(channelKernel("conv2d/weight_gradient", weightGradient, l.device, vec4), {
    tensors: { x, dy, partials },
    uniforms: {
      pixels,
      rows,
      ...uniforms,
      tiles_c: tilesC,
      tiles_k: tilesK,
      splits,
      rows_per_split: rowsPerSplit,
      tiles,
      four: 4,
    },
    workgroups: tiles,
  });
  if (splits > 1) addPartials(l, partials, dw, splits);
}

/** Rows of output pixels. Rows of a plain 1x1 convolution have the length that suits the kernel. */
function pixelRows(
  g: Geometry,
  vec4: boolean,
): { rows: number; uniforms: ReturnType<typeof geometryUniforms> } {
  const uniforms = geometryUniforms(g);
  const isPointwise =
    vec4 &&
    g.R * g.S === 1 &&
    g.strides[0] * g.strides[1] === 1 &&
    g.top + g.left === 0 &&
    g.H === g.P &&
    g.W === g.Q;
  if (!isPointwise) return { rows: g.N * g.P, uniforms };
  const pixels = g.N * g.P * g.Q;
  const length = Math.min(POINTWISE_ROW, Math.ceil(pixels / 4) * 4);
  const rows = Math.ceil(pixels / length);
  return { rows, uniforms: { ...uniforms, in_h: rows, in_w: length, out_h: rows, out_w: length } };
}
