// Convolutions on GPUs: all three directions as implicit GEMM with tiles in workgroup memory (shaders/conv2d/gpu). The
// tile is chosen by the product's size; if both operands are f16, tiles of subgroup matrices are candidates as well.
// Split-K: if there are too few tiles to fill a GPU, several workgroups share a tile's K range, and a second pass adds
// their partial sums in a fixed order.

import dataGradient from "../../../shaders/conv2d/gpu/data_gradient.wesl";
import finish from "../../../shaders/conv2d/gpu/finish.wesl";
import forward from "../../../shaders/conv2d/gpu/forward.wesl";
import weightGradient from "../../../shaders/conv2d/gpu/weight_gradient.wesl";
import { elementCount, type Shape } from "../../base/tensors.ts";
import type { Tensor } from "../../graph/graph.ts";
import type { KernelUse, Lowering } from "../../graph/operator.ts";
import { ACTIVATION_CODES } from "../elementwise/fused_activation.ts";
import { addPartials } from "../reduce/column_sums.ts";
import {
  type ForwardFusion,
  type ForwardTensors,
  type Geometry,
  geometryUniforms,
  tapSteps,
} from "./convolution.ts";
import {
  type MatrixProduct,
  type MatrixTile,
  splitsFor,
  type ThreadTile,
  type Tile,
  type TiledProduct,
  tileCount,
  tilesFor,
} from "./gpu_tiles.ts";

/** Threads per workgroup of the kernel that adds partial sums and applies the epilogue. */
const FINISH_THREADS = 64;

/** Rows are output pixels, columns output channels. */
export function forwardProduct(g: Geometry): MatrixProduct {
  const depth = g.R * g.S * (g.C / g.groups);
  return { rows: g.N * g.P * g.Q, columns: g.K / g.groups, depth, count: g.groups };
}

/** Rows are the input pixels of one phase, columns input channels; K is the mean over all phases. */
export function dataGradientProduct(g: Geometry): MatrixProduct {
  const [strideH, strideW] = g.strides;
  const phases = strideH * strideW;
  return {
    rows: g.N * Math.ceil(g.H / strideH) * Math.ceil(g.W / strideW),
    columns: g.C / g.groups,
    depth: Math.ceil((g.R * g.S * (g.K / g.groups)) / phases),
    count: g.groups * phases,
  };
}

/** Rows are taps and input channels, columns output channels. */
export function weightGradientProduct(g: Geometry): MatrixProduct {
  const rows = g.R * g.S * (g.C / g.groups);
  return { rows, columns: g.K / g.groups, depth: g.N * g.P * g.Q, count: g.groups };
}

/** A kernel specialised for a tile and for channel counts that are or are not multiples of four. */
function tileKernel(name: string, source: string, tile: Tile, g: Geometry): KernelUse {
  return {
    name: `conv2d/gpu/${name}`,
    source,
    constants: {
      TILE_ROWS: `${tile.rows}u`,
      TILE_COLUMNS: `${tile.columns}u`,
      ...("matrix" in tile ? matrixConstants(tile) : threadConstants(tile)),
    },
    conditions: {
      matrices: "matrix" in tile,
      c4: (g.C / g.groups) % 4 === 0,
      k4: (g.K / g.groups) % 4 === 0,
    },
  };
}

function threadConstants({ rowsPerThread, columnsPerThread }: ThreadTile) {
  return { ROWS_PER_THREAD: rowsPerThread, COLUMNS_PER_THREAD: columnsPerThread };
}

function matrixConstants(tile: MatrixTile) {
  const { matrix, matricesDown, matricesAcross, subgroupsDown, subgroupsAcross } = tile;
  return {
    ROWS_PER_THREAD: 0,
    COLUMNS_PER_THREAD: 0,
    MATRICES_DOWN: matricesDown,
    MATRICES_ACROSS: matricesAcross,
    MATRIX_ROWS: `${matrix.rows}u`,
    MATRIX_COLUMNS: `${matrix.columns}u`,
    MATRIX_DEPTH: `${matrix.depth}u`,
    SUBGROUPS_DOWN: `${subgroupsDown}u`,
    SUBGROUPS_ACROSS: `${subgroupsAcross}u`,
    SUBGROUP_LANES: `${matrix.lanes}u`,
  };
}

/** The tile and the number of splits for a product of two operands: by rule, or as measured. */
function tiledProduct(
  l: Lowering<object>,
  product: MatrixProduct,
  operands: readonly Tensor[],
): TiledProduct {
  const matrix = operands.every(({ dtype }) => dtype === "f16") ? l.device.subgroupMatrix : undefined;
  const tile = l.choose("tile", tilesFor(product, l.device, matrix), ({ name }) => name);
  return { tile, splits: l.choose("splits", splitsFor(product, tile, l.device)) };
}

/** How a product is tiled, as its kernel's uniforms and as a number of workgroups. */
function gridOf(product: MatrixProduct, tile: Tile, splits: number) {
  const tiles = splits * tileCount(product, tile);
  return {
    uniforms: {
      row_tiles: Math.ceil(product.rows / tile.rows),
      column_tiles: Math.ceil(product.columns / tile.columns),
      splits,
      tiles,
    },
    workgroups: tiles,
  };
}

/** The destination of the sums: the result itself, or one copy of it per split. */
function partialsOf(l: Lowering<object>, result: Tensor, splits: number): Tensor {
  if (splits === 1) return result;
  const shape: Shape = [splits, elementCount(result.shape)];
  return l.workspace("partial sums", { shape, dtype: "f32" });
}

/** Dispatches the forward kernel and, with split-K, the kernel that applies the epilogue. */
export function lowerForwardOnGpu(
  l: Lowering<object>,
  g: Geometry,
  { x, w, b, statistics, addend, y }: ForwardTensors,
  { activation, residualScale }: ForwardFusion,
): void {
  const product = forwardProduct(g);
  const { tile, splits } = tiledProduct(l, product, [x, w]);
  const { uniforms, workgroups } = gridOf(product, tile, splits);
  const partials = partialsOf(l, y, splits);
  // w stands in for absent operands.
  const rest = { b: b ?? w, addend: addend ?? w, statistics: statistics ?? w };
  const finishing = {
    has_bias: Number(b !== undefined),
    has_statistics: Number(statistics !== undefined),
    has_addend: Number(addend !== undefined),
    residual_scale: residualScale,
    activation: ACTIVATION_CODES[activation],
  };
  const plain = { has_bias: 0, has_statistics: 0, has_addend: 0, residual_scale: 1, activation: 0 };
  l.dispatch(tileKernel("forward", forward, tile, g), {
    tensors: { x, w, ...rest, y: partials },
    uniforms: {
      pixels: product.rows,
      ...geometryUniforms(g),
      ...uniforms,
      ...(splits === 1 ? finishing : plain),
    },
    workgroups,
  });
  if (splits === 1) return;
  const k4 = g.K % 4 === 0;
  const unit = k4 ? 4 : 1;
  const count = elementCount(y.shape) / unit;
  l.dispatch(
    {
      name: "conv2d/gpu/finish",
      source: finish,
      conditions: { k4 },
      constants: { THREADS: `${FINISH_THREADS}u` },
    },
    {
      tensors: { partials, ...rest, y },
      uniforms: { count, channels: g.K / unit, splits, ...finishing },
      workgroups: Math.ceil(count / FINISH_THREADS),
    },
  );
}

/** Dispatches the kernels of the gradient with respect to x. */
export function lowerDataGradientOnGpu(
  l: Lowering<object>,
  g: Geometry,
  dy: Tensor,
  w: Tensor,
  dx: Tensor,
): void {
  const product = dataGradientProduct(g);
  const { tile, splits } = tiledProduct(l, product, [dy, w]);
  const { uniforms, workgroups } = gridOf(product, tile, splits);
  const partials = partialsOf(l, dx, splits);
  l.dispatch(tileKernel("data_gradient", dataGradient, tile, g), {
    tensors: { dy, w, dx: partials },
    uniforms: { batch: g.N, ...geometryUniforms(g), ...tapSteps(g), ...uniforms },
    workgroups,
  });
  if (splits > 1) addPartials(l, partials, dx, splits);
}

/** Dispatches the kernels of the gradient with respect to w. */
export function lowerWeightGradientOnGpu(
  l: Lowering<object>,
  g: Geometry,
  x: Tensor,
  dy: Tensor,
  dw: Tensor,
): void {
  const product = weightGradientProduct(g);
  const { tile, splits } = tiledProduct(l, product, [x, dy]);
  const { uniforms, workgroups } = gridOf(product, tile, splits);
  const partials = partialsOf(l, dw, splits);
  l.dispatch(tileKernel("weight_gradient", weightGradient, tile, g), {
    tensors: { x, dy, partials },
    uniforms: { batch: g.N, ...geometryUniforms(g), ...uniforms },
    workgroups,
  });
  if (splits > 1) addPartials(l, partials, dw, splits);
}
