// Tiling of matrix products on GPUs: the tiles that the kernels in shaders/conv2d/gpu can compute, a cost model, and
// the choice of a tile and a number of splits for a product. WebGPU tells neither the clock nor the number of cores of
// a device, so the constants are those of a large GPU.

import type { DeviceFacts, SubgroupMatrix } from "../../gpu/device.ts";

/** The part of a product that one workgroup computes. */
interface TileSize {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
}

/** A tile that is divided among the register tiles of its threads (shaders/common/tile_product.wesl). */
export interface ThreadTile extends TileSize {
  readonly rowsPerThread: 4 | 8;
  readonly columnsPerThread: 4 | 8 | 16;
}

/**
 * An f16 tile that is divided among subgroups, at least 2 x 2 subgroup matrices each
 * (shaders/common/matrix_product.wesl).
 */
export interface MatrixTile extends TileSize {
  readonly matrix: SubgroupMatrix;
  readonly matricesDown: number;
  readonly matricesAcross: number;
  readonly subgroupsDown: number;
  readonly subgroupsAcross: number;
}

export type Tile = ThreadTile | MatrixTile;

/**
 * Every tile that convolutions may use, the largest first. A tile needs at least as many threads as it has rows and as
 * it has columns (see shaders/common/tile_product.wesl).
 */
export const TILES = [
  { name: "128x64", rows: 128, columns: 64, rowsPerThread: 8, columnsPerThread: 8 },
  { name: "64x64", rows: 64, columns: 64, rowsPerThread: 8, columnsPerThread: 8 },
  { name: "128x32", rows: 128, columns: 32, rowsPerThread: 8, columnsPerThread: 4 },
  { name: "32x32", rows: 32, columns: 32, rowsPerThread: 4, columnsPerThread: 4 },
] as const satisfies readonly ThreadTile[];

/**
 * Depth of a tile: the values of K that a workgroup holds in workgroup memory at a time; DEPTH in tile_product.wesl.
 */
const DEPTH_PER_STEP = 16;
const BYTES_PER_VALUE = 4;

/** How subgroups and their matrices make up tiles, the largest first. */
const MATRIX_FORMS = [
  { matricesDown: 4, matricesAcross: 2, subgroupsDown: 2, subgroupsAcross: 4 },
  { matricesDown: 2, matricesAcross: 2, subgroupsDown: 4, subgroupsAcross: 2 },
  { matricesDown: 2, matricesAcross: 2, subgroupsDown: 2, subgroupsAcross: 2 },
] as const;

/** The tiles of a device's matrices; each has enough threads to fetch its operands at once. */
export function matrixTiles(matrix: SubgroupMatrix): MatrixTile[] {
  const tiles = MATRIX_FORMS.map((form): MatrixTile => {
    const rows = form.subgroupsDown * form.matricesDown * matrix.rows;
    const columns = form.subgroupsAcross * form.matricesAcross * matrix.columns;
    return { name: `${rows}x${columns} of matrices`, rows, columns, matrix, ...form };
  });
  return tiles.filter((tile) => {
    const threads = threadsOf(tile);
    const blocks = (Math.max(tile.rows, tile.columns) * depthOf(tile)) / 16;
    return threads >= blocks && threads <= matrix.maxThreads;
  });
}

/** Depth of a tile: the values of K that a workgroup holds in workgroup memory at a time. */
export function depthOf(tile: Tile): number {
  return "matrix" in tile ? 2 * tile.matrix.depth : DEPTH_PER_STEP;
}

function bytesPerOperand(tile: Tile): number {
  return "matrix" in tile ? 2 : BYTES_PER_VALUE;
}

/** `count` independent products of [rows, depth] and [depth, columns]. */
export interface MatrixProduct {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly count: number;
}

/**
 * A choice for one product: the tile, and the number of splits, that is, of workgroups that share the K range of a
 * tile.
 */
export interface TiledProduct {
  readonly tile: Tile;
  readonly splits: number;
}

/** Threads of a workgroup. */
export function threadsOf(tile: Tile): number {
  if ("matrix" in tile) return tile.subgroupsDown * tile.subgroupsAcross * tile.matrix.lanes;
  return (tile.rows / tile.rowsPerThread) * (tile.columns / tile.columnsPerThread);
}

/** Padding of a row in a tile of matrices, against bank conflicts. */
const ROW_PADDING_BYTES = 16;

/** The elements of both operands that a workgroup fetches at a time. */
export function bytesPerStep(tile: Tile): number {
  return (tile.rows + tile.columns) * depthOf(tile) * bytesPerOperand(tile);
}

/** Workgroup memory per workgroup: both operands and, with matrices, the part of the sums that is shared. */
export function workgroupMemoryBytes(tile: Tile): number {
  if (!("matrix" in tile)) return bytesPerStep(tile);
  const part = (tile.rows * tile.columns * BYTES_PER_VALUE) / (tile.matricesDown * tile.matricesAcross);
  return bytesPerStep(tile) + 2 * depthOf(tile) * ROW_PADDING_BYTES + part;
}

/** Tiles of a product; one workgroup per tile and split. */
export function tileCount({ rows, columns, count }: MatrixProduct, tile: Tile): number {
  return Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns) * count;
}

/** Processors of a large GPU (H100: 132), and the threads of these kernels that keep one busy. */
const PROCESSORS = 128;
const BUSY_THREADS_PER_PROCESSOR = 256;
/** The cost of writing and rereading a value, in multiply-adds of the whole GPU (H100: 8 B x 10). */
const PARTIAL_COST = 80;
/** The cost of one more dispatch, about 2 µs, in multiply-adds of the whole GPU. */
const DISPATCH_COST = 6e7;
/** FLOPs in the time that one byte takes from the L2 cache (H100: 67 TFLOP/s over about 5.5 TB/s). */
const FLOPS_PER_CACHED_BYTE = 12;
/** FLOPs in the time of one byte from workgroup memory (H100: 256 and 128 a cycle and processor). */
const FLOPS_PER_WORKGROUP_BYTE = 2;
/** How much faster f16 matrices are multiplied than f32 (H100: 989 TFLOP/s over 67). */
const MATRIX_SPEEDUP = 14.8;
/** The share of the time of L2 traffic that is not hidden behind f32 arithmetic. */
const EXPOSED_TRAFFIC = 0.25;
/** Bounds of a split: enough steps that prefetching pays, few enough splits that adding their sums stays cheap. */
const MIN_STEPS_PER_SPLIT = 4;
const MAX_SPLITS = 256;

/** FLOPs per byte that a workgroup reads from global memory. */
export function flopsPerGlobalByte(tile: Tile): number {
  const { rows, columns } = tile;
  return (2 * rows * columns) / (bytesPerOperand(tile) * (rows + columns));
}

/** Rows and columns of the register tile of a thread (with matrices, of a subgroup). */
function heldPart(tile: Tile): readonly [number, number] {
  if (!("matrix" in tile)) return [tile.rowsPerThread, tile.columnsPerThread];
  return [tile.matricesDown * tile.matrix.rows, tile.matricesAcross * tile.matrix.columns];
}

/** FLOPs per byte that a thread (a subgroup) reads from workgroup memory. */
export function flopsPerWorkgroupByte(tile: Tile): number {
  const [rows, columns] = heldPart(tile);
  return (2 * rows * columns) / (bytesPerOperand(tile) * (rows + columns));
}

/** Time of a multiply-add in a tile; 1 if nothing but f32 arithmetic is issued. */
function timePerMultiplyAdd(tile: Tile): number {
  if ("matrix" in tile) {
    return Math.max(
      1 / MATRIX_SPEEDUP,
      FLOPS_PER_WORKGROUP_BYTE / flopsPerWorkgroupByte(tile),
      FLOPS_PER_CACHED_BYTE / flopsPerGlobalByte(tile),
    );
  }
  const { rowsPerThread, columnsPerThread } = tile;
  const loads = (rowsPerThread + columnsPerThread) / 4;
  const issue = 1 + loads / (rowsPerThread * columnsPerThread);
  return issue + (EXPOSED_TRAFFIC * FLOPS_PER_CACHED_BYTE) / flopsPerGlobalByte(tile);
}

/** Time of a product, in multiply-adds of the whole GPU, including padding, idle processors and second passes. */
function estimatedTime(product: MatrixProduct, { tile, splits }: TiledProduct): number {
  const tiles = tileCount(product, tile);
  const steps = Math.ceil(Math.ceil(product.depth / depthOf(tile)) / splits);
  const multiplyAdds = tiles * splits * tile.rows * tile.columns * steps * depthOf(tile);
  const busy = Math.min(1, (tiles * splits * threadsOf(tile)) / (PROCESSORS * BUSY_THREADS_PER_PROCESSOR));
  const results = product.rows * product.columns * product.count;
  const secondPass = splits > 1 ? DISPATCH_COST + results * splits * PARTIAL_COST : 0;
  return (multiplyAdds * timePerMultiplyAdd(tile)) / busy + secondPass;
}

type Limits = Pick<DeviceFacts, "maxWorkgroupMemoryBytes" | "maxBindingBytes">;

/** How many numbers of splits are worth a measurement. */
const SPLIT_CANDIDATES = 4;

/**
 * Numbers of splits for a tile: powers of two whose partial sums fit a binding. The first is taken if nothing is
 * measured.
 */
export function splitsFor(product: MatrixProduct, tile: Tile, { maxBindingBytes }: Limits): number[] {
  const bytes = Math.max(1, product.rows * product.columns * product.count) * BYTES_PER_VALUE;
  const steps = Math.ceil(product.depth / depthOf(tile));
  const most = Math.min(
    MAX_SPLITS,
    Math.floor(steps / MIN_STEPS_PER_SPLIT),
    Math.floor(maxBindingBytes / bytes),
  );
  const candidates = [1];
  for (let splits = 2; splits <= most; splits *= 2) candidates.push(splits);
  const time = (splits: number) => estimatedTime(product, { tile, splits });
  return candidates.sort((a, b) => time(a) - time(b)).slice(0, SPLIT_CANDIDATES);
}

/**
 * The tiles that fit a device. The first is taken if nothing is measured.
 * @param matrix the device's matrices, if both operands are f16.
 */
export function tilesFor(product: MatrixProduct, limits: Limits, matrix?: SubgroupMatrix): Tile[] {
  const time = (tile: Tile) =>
    estimatedTime(product, { tile, splits: splitsFor(product, tile, limits)[0] ?? 1 });
  const tiles: Tile[] = [...(matrix ? matrixTiles(matrix) : []), ...TILES];
  const fitting = tiles.filter((tile) => workgroupMemoryBytes(tile) <= limits.maxWorkgroupMemoryBytes);
  return fitting.sort((a, b) => time(a) - time(b));
}

/** The tile and the number of splits for a product that was not measured; `matrix` as in `tilesFor`. */
export function chooseTile(product: MatrixProduct, limits: Limits, matrix?: SubgroupMatrix): TiledProduct {
  const [tile] = tilesFor(product, limits, matrix);
  if (!tile) throw new Error("no tile fits the device's workgroup memory");
  return { tile, splits: splitsFor(product, tile, limits)[0] ?? 1 };
}
