// A named GPU on paper: what its processors hold and do, and what a workgroup of weft's kernels for GPUs makes
// of them: bytes, FLOPs, residency, and which limit is met first.

import {
  DEPTH_PER_STEP,
  flopsPerGlobalByte,
  type MatrixProduct,
  type Tile,
  type TiledProduct,
  threadsOf,
  tileCount,
  workgroupMemoryBytes,
} from "../src/ops/gpu_tiles.ts";

/** NVIDIA H100 SXM5. The bandwidth of its second-level cache is not published: an estimate. */
export const H100 = {
  name: "NVIDIA H100 SXM",
  processors: 132,
  registers: 65536,
  threads: 2048,
  workgroups: 32,
  workgroupMemoryBytes: 228 * 1024,
  reservedBytesPerWorkgroup: 1024,
  flopsPerSecond: 67e12,
  memoryBytesPerSecond: 3.35e12,
  cacheBytesPerSecond: 5.5e12,
  /** Lanes of a warp, and multiply-adds and bytes of workgroup memory that a processor does a cycle. */
  warp: 32,
  multiplyAddsPerCycle: 128,
  workgroupBytesPerCycle: 128,
} as const;

/** Registers beside sums, operands and fetched blocks: window corners, places, addresses, loop counters. */
const OTHER_REGISTERS = 32;
/** Two blocks of 4 x 4 are on their way while others are multiplied. */
const FETCHED_VALUES = 32;
const REGISTER_GRANULARITY = 8;

/** Registers a thread needs, estimated: compilers decide. */
export function registersOf({ rowsPerThread, columnsPerThread }: Tile): number {
  const sums = rowsPerThread * columnsPerThread;
  const all = sums + rowsPerThread + columnsPerThread + FETCHED_VALUES + OTHER_REGISTERS;
  return Math.ceil(all / REGISTER_GRANULARITY) * REGISTER_GRANULARITY;
}

/** What limits how many workgroups a processor holds at a time. */
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

/** Cycles of a warp's multiply-adds for one term of its sums, and of its reads of workgroup memory. */
export function cyclesPerTerm(tile: Tile): { readonly arithmetic: number; readonly workgroupMemory: number } {
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

/** FLOPs and bytes of one workgroup for one step along the depth of its sums. */
export function stepOf(tile: Tile) {
  const { rows, columns } = tile;
  const reads = (tile.rowsPerThread + tile.columnsPerThread) * 4 * DEPTH_PER_STEP * threadsOf(tile);
  return {
    flops: 2 * rows * columns * DEPTH_PER_STEP,
    globalBytes: workgroupMemoryBytes(tile),
    workgroupBytes: reads,
  };
}

/** The best share of the peak that a tile allows, and what keeps it there. */
export function ceilingOf(tile: Tile): { readonly share: number; readonly bound: string } {
  const { arithmetic, workgroupMemory } = cyclesPerTerm(tile);
  const { rowsPerThread, columnsPerThread } = tile;
  const loads = (rowsPerThread + columnsPerThread) / 4;
  const multiplyAdds = rowsPerThread * columnsPerThread;
  const cacheFlops = flopsPerGlobalByte(tile) * H100.cacheBytesPerSecond;
  const shares = [
    ["issue of instructions", multiplyAdds / (multiplyAdds + loads)],
    ["workgroup memory", arithmetic / workgroupMemory],
    ["second-level cache", cacheFlops / H100.flopsPerSecond],
  ] as const;
  const [bound, share] = shares.reduce((least, one) => (one[1] < least[1] ? one : least));
  return { share: Math.min(1, share), bound };
}

/** A layer on paper. */
export interface PaperTime {
  readonly flops: number;
  readonly bytes: number;
  readonly workgroups: number;
  /** Multiply-adds of whole tiles over those that are wanted. */
  readonly padding: number;
  /** Workgroups over those that the GPU holds at a time. */
  readonly waves: number;
  readonly microseconds: number;
  readonly bound: "arithmetic" | "memory";
}

/** The least time that a product can take: by arithmetic of padded tiles, or by each operand moving once. */
export function paperTimeOf(
  product: MatrixProduct,
  { tile, splits }: TiledProduct,
  operandBytes: number,
): PaperTime {
  const { rows, columns, depth, count } = product;
  const flops = 2 * rows * columns * depth * count;
  const tiles = tileCount(product, tile);
  const steps = Math.ceil(depth / DEPTH_PER_STEP);
  const tiledFlops = tiles * steps * stepOf(tile).flops;
  const bytes = operandBytes + (splits > 1 ? 8 * rows * columns * count * splits : 0);
  const { workgroups } = residencyOf(threadsOf(tile), registersOf(tile), workgroupMemoryBytes(tile));
  const waves = (tiles * splits) / (workgroups * H100.processors);
  const busy = Math.min(1, (tiles * splits) / H100.processors);
  const arithmetic = tiledFlops / (H100.flopsPerSecond * ceilingOf(tile).share * busy);
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
