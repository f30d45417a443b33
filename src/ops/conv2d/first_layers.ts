// The forward pass of networks' first layers on CPU adapters: images have three channels, too few for the tiles of
// other convolutions, and their windows overlap. One kernel for the usual first layer, one for all others.

import forwardFirst from "../../../shaders/conv2d/forward_first.wgsl";
import forwardFirst3x3 from "../../../shaders/conv2d/forward_first_3x3.wgsl";
import type { Lowering } from "../../graph/operator.ts";
import { ACTIVATION_CODES } from "../elementwise/fused_activation.ts";
import {
  type ForwardFusion,
  type ForwardTensors,
  type Geometry,
  lanesOf,
  tiledKernel,
} from "./convolution.ts";

/** Whether a convolution has three input channels and overlapping columns of windows. */
export function isFirstLayer(g: Geometry): boolean {
  const overlaps = g.dilations[1] === 1 && g.S > g.strides[1];
  return g.C === 3 && g.groups === 1 && g.K % 4 === 0 && overlaps;
}

/** Dispatches the forward kernel of a first layer, which has no addend. */
export function lowerFirstLayer(
  l: Lowering<object>,
  g: Geometry,
  tensors: ForwardTensors,
  fusion: ForwardFusion,
): void {
  const is3x3 = g.R === 3 && g.S === 3 && g.dilations[0] === 1;
  // At least half of the channels in that kernel's tile, four per lane, must exist.
  const suits = is3x3 && g.strides[0] === 2 && g.strides[1] === 2 && g.K >= 2 * lanesOf(l.device);
  if (suits) lower3x3(l, g, tensors, fusion);
  else lowerOther(l, g, tensors, fusion);
}

/** The uniforms that both kernels have. */
function sharedUniforms(g: Geometry, { b, statistics }: ForwardTensors, { activation }: ForwardFusion) {
  return {
    rows: g.N * g.P,
    in_h: g.H,
    in_w: g.W,
    out_h: g.P,
    out_w: g.Q,
    pad_top: g.top,
    pad_left: g.left,
    channels: g.K / 4,
    has_bias: Number(b !== undefined),
    has_statistics: Number(statistics !== undefined),
    activation: ACTIVATION_CODES[activation],
    four: 4,
  };
}

/** The tensors that both kernels bind; w stands in for absent operands. */
function boundTensors({ x, w, b, statistics, y }: ForwardTensors) {
  return { x, w, b: b ?? w, y, statistics: statistics ?? w };
}

/** Workgroups wanted per tile of channels: each loads all weights of its channels and then iterates over rows. */
const WANTED_STRIPS = 64;

/** 3x3 with stride 2: a lane computes 4 channels with their weights in registers. */
function lower3x3(l: Lowering<object>, g: Geometry, tensors: ForwardTensors, fusion: ForwardFusion): void {
  const rows = g.N * g.P;
  const rowsPerStrip = Math.max(1, Math.floor(rows / WANTED_STRIPS));
  const tilesK = Math.ceil(g.K / 4 / lanesOf(l.device));
  const tiles = Math.ceil(rows / rowsPerStrip) * tilesK;
  l.dispatch(tiledKernel("conv2d/forward_first_3x3", forwardFirst3x3, l.device), {
    tensors: boundTensors(tensors),
    uniforms: {
      ...sharedUniforms(g, tensors, fusion),
      rows_per_strip: rowsPerStrip,
      tiles_k: tilesK,
      tiles,
      taps: 27,
    },
    workgroups: tiles,
  });
}

/** Any window: a lane computes 4 neighbouring pixels of a row x 16 channels. */
function lowerOther(l: Lowering<object>, g: Geometry, tensors: ForwardTensors, fusion: ForwardFusion): void {
  const columnTiles = Math.ceil(g.Q / 4);
  const tilesK = Math.ceil(g.K / 16);
  const tiles = Math.ceil((g.N * g.P * columnTiles) / lanesOf(l.device)) * tilesK;
  l.dispatch(tiledKernel("conv2d/forward_first", forwardFirst, l.device), {
    tensors: boundTensors(tensors),
    uniforms: {
      ...sharedUniforms(g, tensors, fusion),
      kernel_h: g.R,
      kernel_w: g.S,
      stride_h: g.strides[0],
      stride_w: g.strides[1],
      dilation_h: g.dilations[0],
      column_tiles: columnTiles,
      tiles_k: tilesK,
      tiles,
    },
    workgroups: tiles,
  });
}
