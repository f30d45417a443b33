// A model of a named GPU: the resources and rates of its processors, and for a workgroup of weft's GPU kernels the
// bytes, FLOPs, residency, and which limit is reached first.

import {
  bytesPerStep,
  depthOf,
  flopsPerGlobalByte,
  flopsPerWorkgroupByte,
  type MatrixProduct,
  type ThreadTile,
  type Tile,
  type TiledProduct,
  threadsOf,
  tileCount,
  workgroupMemoryBytes,
} from "../../src/ops/conv2d/gpu_tiles.ts";

/** NVIDIA H100 SXM5. The bandwidth of its L2 cache is not published: an estimate. */
export const H100 = {
  name: "NVIDIA H100 SXM",
  processors: 132,
  registers: 65536,
  threads: 2048,
  workgroups: 32,
  workgroupMemoryBytes: 228 * 1024,
  reservedBytesPerWorkgroup: 1024,
  flopsPerSecond: 67e12,
  /** For f16 matrices with sums in f32, dense. */
  matrixFlopsPerSecond: 989e12,
  memoryBytesPerSecond: 3.35e12,
  cacheBytesPerSecond: 5.5e12,
  /** Lanes of a warp; multiply-adds and bytes of workgroup memory per processor and cycle. */
  warp: 32,
  multiplyAddsPerCycle: 128,
  workgroupBytesPerCycle: 128,
} as const;

/** Registers besides sums, operands and prefetched blocks: window corners, positions, addresses, loop counters. */
const OTHER_REGISTERS = 32;
/** Two blocks of 4 x 4 are prefetched while others are multiplied. */
const FETCHED_VALUES = 32;
const REGISTER_GRANULARITY = 8;

/** Sums that a thread accumulates. */
export function accumulatorsOf(tile: Tile): number {
  return (tile.rows * tile.columns) / threadsOf(tile);
}

/** Registers per thread for operands: with matrices, two of one side and one of the other. */
function operandRegisters(tile: Tile): number {
  if (!("matrix" in tile)) return tile.rowsPerThread + tile.columnsPerThread;
  const { rows, columns, depth, lanes } = tile.matrix;
  return (depth * (rows + 2 * columns)) / lanes / 2;
}

/** Registers per thread, estimated: compilers decide. */
export function registersOf(tile: Tile): number {
  const all = accumulatorsOf(tile) + operandRegisters(tile) + FETCHED_VALUES + OTHER_REGISTERS;
  return Math.ceil(all / REGISTER_GRANULARITY) * REGISTER_GRANULARITY;
}

/** What limits the number of workgroups that a processor holds at a time. */
export interface Residency {
  readonly workgroups: number;
  readonly threads: number;
  readonly limit: "registers" | "workgroup memory" | "threads" | "workgroups";
}

export function residencyOf(threads: number, registers: number, memoryBytes: number): Residency {
  const gpu = H100;
  const limits = [
    ["registers", Math.floor(gpu.registers / (threads * registers))],
    [
      "workgroup memory",
      Math.floor(gpu.workgroupMemoryBytes / (memoryBytes + gpu.reservedBytesPerWorkgroup)),
    ],
    ["threads", Math.floor(gpu.threads / threads)],
    ["workgroups", gpu.workgroups],
  ] as const;
  const [limit, workgroups] = limits.reduce((least, one) => (one[1] < least[1] ? one : least));
  return { workgroups, threads: workgroups * threads, limit };
}

/** Cycles of a warp for one value of k: its multiply-adds, and its reads of workgroup memory. */
export function cyclesPerTerm(tile: ThreadTile): {
  readonly arithmetic: number;
  readonly workgroupMemory: number;
} {
  const { rowsPerThread, columnsPerThread, columns } = tile;
  const across = Math.min(H100.warp, columns / columnsPerThread);
  const down = H100.warp / across;
  // Lanes that read the same vec4 are served together.
  const reads = (lanes: number, values: number) =>
    Math.ceil((lanes * 16) / H100.workgroupBytesPerCycle) * (values / 4);
  return {
    arithmetic: (H100.warp * rowsPerThread * columnsPerThread) / H100.multiplyAddsPerCycle,
    workgroupMemory: reads(across, columnsPerThread) + reads(down, rowsPerThread),
  };
}

/** FLOPs and bytes of one workgroup for one step along K. */
export function stepOf(tile: Tile) {
  return { flops: 2 * tile.rows * tile.columns * depthOf(tile), globalBytes: bytesPerStep(tile) };
}

/** FLOPs per second that a tile's arithmetic could reach if nothing else limited it. */
export function peakOf(tile: Tile): number {
  return "matrix" in tile ? H100.matrixFlopsPerSecond : H100.flopsPerSecond;
}

/** The best share of its peak that a tile allows, and what limits it. */
export function ceilingOf(tile: Tile): { readonly share: number; readonly bound: string } {
  const cache = (flopsPerGlobalByte(tile) * H100.cacheBytesPerSecond) / peakOf(tile);
  const shares = [...sharesWithin(tile), ["L2 cache", cache] as const];
  const [bound, share] = shares.reduce((least, one) => (one[1] < least[1] ? one : least));
  return { share: Math.min(1, share), bound };
}

/** The shares of the peak that a workgroup's own instructions and memory allow. */
function sharesWithin(tile: Tile): readonly (readonly [string, number])[] {
  if ("matrix" in tile) {
    const cyclesPerSecond = H100.flopsPerSecond / (2 * H100.multiplyAddsPerCycle);
    const bytesPerSecond = H100.workgroupBytesPerCycle * cyclesPerSecond;
    return [["workgroup memory", (flopsPerWorkgroupByte(tile) * bytesPerSecond) / peakOf(tile)]];
  }
  const { arithmetic, workgroupMemory } = cyclesPerTerm(tile);
  const loads = (tile.rowsPerThread + tile.columnsPerThread) / 4;
  const multiplyAdds = tile.rowsPerThread * tile.columnsPerThread;
  return [
    ["instruction issue", multiplyAdds / (multiplyAdds + loads)],
    ["workgroup memory", arithmetic / workgroupMemory],
  ];
}

/** A layer in the model. */
export interface PaperTime {
  readonly flops: number;
  readonly bytes: number;
  readonly workgroups: number;
  /** Multiply-adds of whole tiles divided by the useful ones. */
  readonly padding: number;
  /** Workgroups divided by those that the GPU holds at a time. */
  readonly waves: number;
  readonly microseconds: number;
  readonly bound: "arithmetic" | "memory";
}

/** A lower bound on the time of a product: the arithmetic of padded tiles, or each operand moved once. */
export function paperTimeOf(
  product: MatrixProduct,
  { tile, splits }: TiledProduct,
  operandBytes: number,
): PaperTime {
  const { rows, columns, depth, count } = product;
  const flops = 2 * rows * columns * depth * count;
  const tiles = tileCount(product, tile);
  const steps = Math.ceil(depth / depthOf(tile));
  const tiledFlops = tiles * steps * stepOf(tile).flops;
  const bytes = operandBytes + (splits > 1 ? 8 * rows * columns * count * splits : 0);
  const { workgroups } = residencyOf(threadsOf(tile), registersOf(tile), workgroupMemoryBytes(tile));
  const waves = (tiles * splits) / (workgroups * H100.processors);
  const busy = Math.min(1, (tiles * splits) / H100.processors);
  const arithmetic = tiledFlops / (peakOf(tile) * ceilingOf(tile).share * busy);
  const memory = bytes / H100.memoryBytesPerSecond;
  return {
    flops,
    bytes,
    workgroups: tiles * splits,
    padding: tiledFlops / flops,
    waves,
    microseconds: 1e6 * Math.max(arithmetic, memory),
    bound: arithmetic > memory ? "arithmetic" : "memory",
  };
}
