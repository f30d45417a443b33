// A named GPU on paper: what its processors hold and do, and what a workgroup of weft's kernels for GPUs makes
// of them: bytes, FLOPs, residency, and which limit is met first.

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
  /** Of matrices of f16 with sums in f32, dense. */
  matrixFlopsPerSecond: 989e12,
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

/** Sums that a thread holds. */
export function accumulatorsOf(tile: Tile): number {
  return (tile.rows * tile.columns) / threadsOf(tile);
}

/** Registers of a thread that hold operands: of matrices two beside each other and one of the other side. */
function operandRegisters(tile: Tile): number {
  if (!("matrix" in tile)) return tile.rowsPerThread + tile.columnsPerThread;
  const { rows, columns, depth, lanes } = tile.matrix;
  return (depth * (rows + 2 * columns)) / lanes / 2;
}

/** Registers a thread needs, estimated: compilers decide. */
export function registersOf(tile: Tile): number {
  const all = accumulatorsOf(tile) + operandRegisters(tile) + FETCHED_VALUES + OTHER_REGISTERS;
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

/** FLOPs and bytes of one workgroup for one step along the depth of its sums. */
export function stepOf(tile: Tile) {
  return { flops: 2 * tile.rows * tile.columns * depthOf(tile), globalBytes: bytesPerStep(tile) };
}

/** FLOPs a second that a tile's arithmetic could have if nothing else kept it. */
export function peakOf(tile: Tile): number {
  return "matrix" in tile ? H100.matrixFlopsPerSecond : H100.flopsPerSecond;
}

/** The best share of its peak that a tile allows, and what keeps it there. */
export function ceilingOf(tile: Tile): { readonly share: number; readonly bound: string } {
  const cache = (flopsPerGlobalByte(tile) * H100.cacheBytesPerSecond) / peakOf(tile);
  const shares = [...sharesWithin(tile), ["second-level cache", cache] as const];
  const [bound, share] = shares.reduce((least, one) => (one[1] < least[1] ? one : least));
  return { share: Math.min(1, share), bound };
}

/** The shares of its peak that a workgroup's own instructions and memory allow. */
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
    ["issue of instructions", multiplyAdds / (multiplyAdds + loads)],
    ["workgroup memory", arithmetic / workgroupMemory],
  ];
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
