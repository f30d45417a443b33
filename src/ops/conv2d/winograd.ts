// Convolutions by Winograd's F(2x2, 3x3) on CPU adapters (Lavin and Gray, "Fast algorithms for convolutional neural
// networks", 2016): 16 multiplications for 2x2 outputs; the direct kernels take 36. Kernels and 4x4 input tiles are
// transformed, and 16 matrix products over them are summed to outputs (shaders/conv2d/winograd). Transformed operands
// are f32 whatever the tensors' type is.

import gradientProducts from "../../../shaders/conv2d/winograd/gradient_products.wgsl";
import products from "../../../shaders/conv2d/winograd/products.wgsl";
import transformFilter from "../../../shaders/conv2d/winograd/transform_filter.wgsl";
import transformGradient from "../../../shaders/conv2d/winograd/transform_gradient.wgsl";
import transformSums from "../../../shaders/conv2d/winograd/transform_sums.wgsl";
import type { DeviceFacts } from "../../gpu/device.ts";
import type { Tensor } from "../../graph/graph.ts";
import type { Lowering } from "../../graph/operator.ts";
import { ACTIVATION_CODES } from "../elementwise/fused_activation.ts";
import {
  CHANNELS_PER_TILE,
  type ForwardFusion,
  type ForwardTensors,
  type Geometry,
  isVectorised,
  tiledKernel,
} from "./convolution.ts";
import { blockBytes, Pieces, PLACES, type Sizes, tilesOf } from "./winograd_pieces.ts";

/** The directions of a convolution. */
export type Direction = "forward" | "dataGradient" | "weightGradient";

/** The gradient with respect to x is a convolution of dy, from K channels to C. */
function sizesOf(g: Geometry, direction: Direction): Sizes {
  if (direction !== "dataGradient") return g;
  const { N, H, W, C, P, Q, K } = g;
  return { N, H: P, W: Q, C: K, P: H, Q: W, K: C, top: 2 - g.top, left: 2 - g.left };
}

const channelTiles = (channels: number) => Math.ceil(channels / CHANNELS_PER_TILE);

/** Channels rounded up to whole tiles. */
const paddedChannels = (channels: number) => channelTiles(channels) * CHANNELS_PER_TILE;

/**
 * Whether a convolution can be computed this way: the transformed kernels and one block of input tiles must fit
 * bindings.
 */
function fitsWinograd(g: Geometry, device: DeviceFacts): boolean {
  const ones = [...g.strides, ...g.dilations, g.groups].every((value) => value === 1);
  if (!ones || g.R !== 3 || g.S !== 3 || !isVectorised(g)) return false;
  const [c, k] = [paddedChannels(g.C), paddedChannels(g.K)];
  const kernelBytes = PLACES * c * k * 4;
  return Math.max(kernelBytes, blockBytes(Math.max(g.C, k), device)) <= device.maxBindingBytes;
}

/**
 * The least gain that counts, as a ratio and in steps (some 3 ms on two cores): Winograd costs dispatches and memory.
 */
const LEAST_GAIN = 1.2;
const LEAST_SAVED_STEPS = 30_000;

/**
 * Steps of the inner loops (4 x 4 x 16 multiplications per lane). Other work is counted in steps as well, as measured
 * on lavapipe for 32 to 256 channels: transforms per block and four input channels, stores per tile of outputs.
 */
function stepsOf(
  g: Geometry,
  direction: Direction,
  device: DeviceFacts,
): { direct: number; winograd: number } {
  const sizes = sizesOf(g, direction);
  const { blocks, blockTiles } = tilesOf(sizes, device);
  const [fours, tilesK] = [sizes.C / 4, channelTiles(sizes.K)];
  if (direction === "weightGradient") {
    const pairs = Math.ceil(sizes.C / blockTiles) * tilesK;
    const transforms = blocks * (20 * fours + 50 * tilesK) + 30 * fours * tilesK;
    return {
      direct: 1.2 * 9 * pairs * sizes.N * sizes.P * Math.ceil(sizes.Q / 4),
      winograd: 16 * pairs * ((blocks * blockTiles) / 4 + 10) + transforms,
    };
  }
  const directBlocks = Math.ceil((sizes.N * sizes.P * sizes.Q) / blockTiles);
  return {
    direct: directBlocks * tilesK * (9 * fours + 10),
    winograd: blocks * tilesK * (16 * fours + 60) + 20 * blocks * fours + 12 * fours * tilesK,
  };
}

/** Whether a direction of a convolution uses Winograd: the rule's guess, or what the tuning table says. */
export function isByWinograd(l: Lowering<object>, g: Geometry, direction: Direction): boolean {
  if (!fitsWinograd(g, l.device)) return false;
  const { direct, winograd } = stepsOf(g, direction, l.device);
  const pays = direct > LEAST_GAIN * winograd && direct - winograd > LEAST_SAVED_STEPS;
  const methods = ["direct", "winograd"] as const;
  return l.choose("method", pays ? methods.toReversed() : methods) === "winograd";
}

/** Offset and strides of the kernels in w, for their transform. */
interface FilterLayout {
  readonly input_stride: number;
  readonly output_stride: number;
  readonly tap_first: number;
  readonly tap_step: number;
}

/** Dispatches the stages of the forward pass. */
export function lowerForwardByWinograd(
  l: Lowering<object>,
  g: Geometry,
  tensors: ForwardTensors,
  fusion: ForwardFusion,
): void {
  const layout = { input_stride: g.K, output_stride: 1, tap_first: 0, tap_step: g.C * g.K };
  lowerProducts(l, g, layout, tensors, fusion);
}

/**
 * Dispatches the stages of the gradient with respect to x: a convolution of dy with every kernel rotated by 180
 * degrees.
 */
export function lowerDataGradientByWinograd(
  l: Lowering<object>,
  g: Geometry,
  dy: Tensor,
  w: Tensor,
  dx: Tensor,
): void {
  const area = g.C * g.K;
  const layout = { input_stride: 1, output_stride: g.K, tap_first: 8 * area, tap_step: -area };
  const fusion = { activation: "none", residualScale: 1 } as const;
  lowerProducts(l, sizesOf(g, "dataGradient"), layout, { x: dy, w, b: undefined, y: dx }, fusion);
}

function lowerProducts(
  l: Lowering<object>,
  sizes: Sizes,
  layout: FilterLayout,
  { x, w, b, statistics, addend, y }: ForwardTensors,
  { activation, residualScale }: ForwardFusion,
): void {
  const u = lowerFilterTransform(l, sizes, layout, w);
  const pieces = new Pieces(l, sizes, x, sizes.C);
  for (const round of pieces.rounds) {
    pieces.lowerTransform(round);
    l.dispatch(tiledKernel("conv2d/winograd/products", products, l.device), {
      // u stands in for absent operands.
      tensors: { v: pieces.v, u, b: b ?? u, y, addend: addend ?? u, statistics: statistics ?? u },
      uniforms: {
        ...pieces.uniforms(round),
        in_fours: sizes.C / 4,
        out_h: sizes.P,
        out_w: sizes.Q,
        out_c: sizes.K,
        blocks: round.blocks,
        tiles_k: channelTiles(sizes.K),
        has_bias: Number(b !== undefined),
        activation: ACTIVATION_CODES[activation],
        has_statistics: Number(statistics !== undefined),
        has_addend: Number(addend !== undefined),
        residual_scale: residualScale,
      },
      workgroups: round.blocks * channelTiles(sizes.K),
    });
  }
}

function lowerFilterTransform(l: Lowering<object>, { C, K }: Sizes, layout: FilterLayout, w: Tensor): Tensor {
  const tilesK = channelTiles(K);
  const u = l.workspace("kernels", { shape: [PLACES, tilesK, C, CHANNELS_PER_TILE], dtype: "f32" });
  const count = tilesK * C * 4;
  l.dispatch(
    { name: "conv2d/winograd/transform_filter", source: transformFilter },
    {
      tensors: { w, u },
      uniforms: { inputs: C, outputs: K, ...layout, count, four: 4 },
      workgroups: Math.ceil(count / 16),
    },
  );
  return u;
}

/**
 * Dispatches the stages of the gradient with respect to w: 16 products over the tiles of x and dy, round by round, then
 * dw.
 */
export function lowerWeightGradientByWinograd(
  l: Lowering<object>,
  g: Geometry,
  x: Tensor,
  dy: Tensor,
  dw: Tensor,
): void {
  const tilesK = channelTiles(g.K);
  const pieces = new Pieces(l, g, x, Math.max(g.C, paddedChannels(g.K)));
  const { v, blockTiles } = pieces;
  const shape = [PLACES, pieces.blocks, tilesK, blockTiles, CHANNELS_PER_TILE];
  const e = l.workspace("pieces of the gradient", { shape, dtype: "f32" });
  const m = l.workspace("sums", { shape: [PLACES, g.C, g.K], dtype: "f32" });
  const tilesC = Math.ceil(g.C / blockTiles);
  const fours = { in_fours: g.C / 4, out_fours: g.K / 4 };
  for (const round of pieces.rounds) {
    pieces.lowerTransform(round);
    const count = round.blocks * tilesK * blockTiles * 4;
    l.dispatch(tiledKernel("conv2d/winograd/transform_gradient", transformGradient, l.device), {
      tensors: { dy, e },
      uniforms: {
        ...pieces.uniforms(round),
        out_h: g.P,
        out_w: g.Q,
        out_fours: fours.out_fours,
        tiles_k: tilesK,
        count,
      },
      workgroups: Math.ceil(count / 64),
    });
    const has_sums = Number(round.first > 0);
    l.dispatch(tiledKernel("conv2d/winograd/gradient_products", gradientProducts, l.device), {
      tensors: { v, e, m },
      uniforms: { ...fours, blocks: round.blocks, tiles_c: tilesC, tiles_k: tilesK, has_sums, four: 4 },
      workgroups: PLACES * tilesC * tilesK,
    });
  }
  const count = (g.C * g.K) / 4;
  l.dispatch(
    { name: "conv2d/winograd/transform_sums", source: transformSums },
    { tensors: { m, dw }, uniforms: { count, three: 3 }, workgroups: Math.ceil(count / 16) },
  );
}
