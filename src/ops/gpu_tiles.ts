// How GPUs cut a matrix product: the tiles that the kernels in shaders/conv2d/gpu can compute, what each costs
// by its own numbers, and the choice of a tile and of a number of splits for a product. No device is asked
// for its clock or its cores, as WebGPU tells neither: the constants stand for a large GPU.

import type { DeviceFacts } from "../gpu/device.ts";

/** The part of a product that one workgroup computes, and the part of it that one thread holds in registers. */
export interface Tile {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly rowsPerThread: 4 | 8;
  readonly columnsPerThread: 4 | 8;
}

/**
 * Every tile that convolutions may use, large ones first. A tile needs at least as many threads as it has rows
 * and as it has columns (see shaders/common/tile_product.wesl).
 */
export const TILES = [
  { name: "128x64", rows: 128, columns: 64, rowsPerThread: 8, columnsPerThread: 8 },
  { name: "64x64", rows: 64, columns: 64, rowsPerThread: 8, columnsPerThread: 8 },
  { name: "128x32", rows: 128, columns: 32, rowsPerThread: 8, columnsPerThread: 4 },
  { name: "32x32", rows: 32, columns: 32, rowsPerThread: 4, columnsPerThread: 4 },
] as const satisfies readonly Tile[];

/** Terms of the sums that a workgroup holds in workgroup memory at a time; DEPTH in tile_product.wesl. */
export const DEPTH_PER_STEP = 16;
const BYTES_PER_VALUE = 4;

/** `count` independent products of [rows, depth] and [depth, columns]. */
export interface MatrixProduct {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly count: number;
}

/** A choice for one product: the tile, and among how many workgroups the depth of each tile is shared. */
export interface TiledProduct {
  readonly tile: Tile;
  readonly splits: number;
}

/** Threads of a workgroup. */
export function threadsOf({ rows, columns, rowsPerThread, columnsPerThread }: Tile): number {
  return (rows / rowsPerThread) * (columns / columnsPerThread);
}

/** Workgroup memory of a workgroup. */
export function workgroupMemoryBytes({ rows, columns }: Tile): number {
  return (rows + columns) * DEPTH_PER_STEP * BYTES_PER_VALUE;
}

/** Tiles of a product, each computed by one workgroup a split. */
export function tileCount({ rows, columns, count }: MatrixProduct, tile: Tile): number {
  return Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns) * count;
}

/** Processors of a large GPU (H100: 132), and the threads of these kernels with which each is busy. */
const PROCESSORS = 128;
const BUSY_THREADS_PER_PROCESSOR = 256;
/** What a value costs, written and read again, in multiply-adds of the whole GPU (H100: 8 B x 10). */
const PARTIAL_COST = 80;
/** What one more dispatch costs, about 2 µs, in multiply-adds of the whole GPU. */
const DISPATCH_COST = 6e7;
/** FLOPs in the time that one byte takes from the second-level cache (H100: 67 TFLOP/s over about 5.5 TB/s). */
const FLOPS_PER_CACHED_BYTE = 12;
/** How much of that time is not hidden behind arithmetic. */
const EXPOSED_TRAFFIC = 0.25;
/** Bounds of a split: enough steps that fetching ahead pays, few enough splits that adding them stays short. */
const MIN_STEPS_PER_SPLIT = 4;
const MAX_SPLITS = 256;

/** FLOPs per byte that a workgroup reads from global memory. */
export function flopsPerGlobalByte({ rows, columns }: Tile): number {
  return (2 * rows * columns) / (BYTES_PER_VALUE * (rows + columns));
}

/** FLOPs per byte that a thread reads from workgroup memory. */
export function flopsPerWorkgroupByte({ rowsPerThread, columnsPerThread }: Tile): number {
  return (2 * rowsPerThread * columnsPerThread) / (BYTES_PER_VALUE * (rowsPerThread + columnsPerThread));
}

/** Time of a multiply-add in a tile, 1 where nothing but arithmetic is issued. */
export function timePerMultiplyAdd(tile: Tile): number {
  const { rowsPerThread, columnsPerThread } = tile;
  const loads = (rowsPerThread + columnsPerThread) / 4;
  const issue = 1 + loads / (rowsPerThread * columnsPerThread);
  return issue + (EXPOSED_TRAFFIC * FLOPS_PER_CACHED_BYTE) / flopsPerGlobalByte(tile);
}

/** Time of a product, in multiply-adds of the whole GPU; padding, idle processors and second passes count. */
export function estimatedTime(product: MatrixProduct, { tile, splits }: TiledProduct): number {
  const tiles = tileCount(product, tile);
  const steps = Math.ceil(Math.ceil(product.depth / DEPTH_PER_STEP) / splits);
  const multiplyAdds = tiles * splits * tile.rows * tile.columns * steps * DEPTH_PER_STEP;
  const busy = Math.min(1, (tiles * splits * threadsOf(tile)) / (PROCESSORS * BUSY_THREADS_PER_PROCESSOR));
  const results = product.rows * product.columns * product.count;
  const secondPass = splits > 1 ? DISPATCH_COST + results * splits * PARTIAL_COST : 0;
  return (multiplyAdds * timePerMultiplyAdd(tile)) / busy + secondPass;
}

type Limits = Pick<DeviceFacts, "maxWorkgroupMemoryBytes" | "maxBindingBytes">;

/** How many numbers of splits are worth a measurement. */
const SPLIT_CANDIDATES = 4;

/** Numbers of splits for a tile, powers of two whose sums fit a binding: that to take unmeasured first. */
export function splitsFor(product: MatrixProduct, tile: Tile, { maxBindingBytes }: Limits): number[] {
  const bytes = Math.max(1, product.rows * product.columns * product.count) * BYTES_PER_VALUE;
  const steps = Math.ceil(product.depth / DEPTH_PER_STEP);
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

/** The tiles that fit a device, that to take unmeasured first. */
export function tilesFor(product: MatrixProduct, limits: Limits): Tile[] {
  const time = (tile: Tile) =>
    estimatedTime(product, { tile, splits: splitsFor(product, tile, limits)[0] ?? 1 });
  const fitting = TILES.filter((tile) => workgroupMemoryBytes(tile) <= limits.maxWorkgroupMemoryBytes);
  return fitting.sort((a, b) => time(a) - time(b));
}

/** The tile and the splits for a product that was not measured. */
export function chooseTile(product: MatrixProduct, limits: Limits): TiledProduct {
  const [tile] = tilesFor(product, limits);
  if (!tile) throw new Error("no tile fits the device's workgroup memory");
  return { tile, splits: splitsFor(product, tile, limits)[0] ?? 1 };
}
