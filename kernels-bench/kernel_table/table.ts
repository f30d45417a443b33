// The GPU kernels in the model: gpu-kernels.md, from the kernels' own constants and the limits of a named GPU.

import {
  flopsPerGlobalByte,
  flopsPerWorkgroupByte,
  matrixTiles,
  TILES,
  threadsOf,
  workgroupMemoryBytes,
} from "../../src/ops/conv2d/gpu_tiles.ts";
import { REDUCTION } from "../../src/ops/reduce/column_sums_gpu.ts";
import {
  accumulatorsOf,
  ceilingOf,
  cyclesPerTerm,
  H100,
  peakOf,
  registersOf,
  residencyOf,
  stepOf,
} from "./gpu_model.ts";
import { LAYER_HEAD, layerRows, MATRIX } from "./layers.ts";
import { decimals, markdownTable, percent, type Row } from "./markdown.ts";

function tileRows(): Row[] {
  return TILES.map((tile) => {
    const threads = threadsOf(tile);
    const registers = registersOf(tile);
    const memory = workgroupMemoryBytes(tile);
    const resident = residencyOf(threads, registers, memory);
    const step = stepOf(tile);
    const cycles = cyclesPerTerm(tile);
    const { share, bound } = ceilingOf(tile);
    return [
      tile.name,
      threads,
      `${tile.rowsPerThread} x ${tile.columnsPerThread}`,
      tile.rowsPerThread * tile.columnsPerThread,
      registers,
      memory,
      step.flops,
      step.globalBytes,
      decimals(flopsPerGlobalByte(tile)),
      decimals(flopsPerWorkgroupByte(tile)),
      `${cycles.arithmetic} : ${cycles.workgroupMemory}`,
      `${resident.workgroups} (${resident.limit})`,
      percent(resident.threads / H100.threads),
      `${percent(share)} (${bound})`,
    ];
  });
}

function matrixTileRows(): Row[] {
  return matrixTiles(MATRIX).map((tile) => {
    const threads = threadsOf(tile);
    const registers = registersOf(tile);
    const memory = workgroupMemoryBytes(tile);
    const resident = residencyOf(threads, registers, memory);
    const step = stepOf(tile);
    const { share, bound } = ceilingOf(tile);
    return [
      `${tile.rows}x${tile.columns}`,
      threads,
      `${tile.matricesDown} x ${tile.matricesAcross}`,
      accumulatorsOf(tile),
      registers,
      memory,
      step.flops,
      step.globalBytes,
      decimals(flopsPerGlobalByte(tile)),
      decimals(flopsPerWorkgroupByte(tile)),
      `${resident.workgroups} (${resident.limit})`,
      percent(resident.threads / H100.threads),
      `${percent(share)} (${bound})`,
      Math.round((share * peakOf(tile)) / 1e12),
    ];
  });
}

/** Kernels that sum rows: the cost of each value of a row. */
const REDUCTIONS = [
  { kernel: "reduce/gpu/column_sums", tensors: 1, flops: 1, sharedBytes: 16, registers: 24 },
  { kernel: "batch_norm/gpu/statistics", tensors: 1, flops: 4, sharedBytes: 36, registers: 56 },
  { kernel: "batch_norm/gpu/gradient_sums", tensors: 2, flops: 6, sharedBytes: 32, registers: 56 },
] as const;

function reductionRows(): Row[] {
  const threads = REDUCTION.columns * REDUCTION.lines;
  const ridge = H100.flopsPerSecond / H100.memoryBytesPerSecond;
  return REDUCTIONS.map(({ kernel, tensors, flops, sharedBytes, registers }) => {
    const resident = residencyOf(threads, registers, threads * sharedBytes);
    // A thread prefetches at least one vec4 of every tensor.
    const inFlight = resident.threads * tensors * 16;
    const seconds = (inFlight * H100.processors) / H100.memoryBytesPerSecond;
    return [
      kernel,
      threads,
      threads * sharedBytes,
      registers,
      `${resident.workgroups} (${resident.limit})`,
      percent(resident.threads / H100.threads),
      decimals(flops / (4 * tensors), 2),
      `${decimals((100 * flops) / (4 * tensors) / ridge)}%`,
      inFlight,
      Math.round(seconds * 1e9),
    ];
  });
}

/** The text of gpu-kernels.md. */
export function kernelTable(): string {
  const gpu = H100;
  return `# A model of the GPU kernels

Written by \`kernels-bench/kernel_table/table.ts\` from the kernels' own constants (\`src/ops/conv2d/gpu_tiles.ts\`); a test compares.
Nothing here was measured. The GPU is an ${gpu.name}: ${gpu.processors} processors, each with ${gpu.registers} registers,
${gpu.workgroupMemoryBytes / 1024} KiB of workgroup memory and room for ${gpu.threads} threads; ${gpu.flopsPerSecond / 1e12} TFLOP/s in f32,
${gpu.memoryBytesPerSecond / 1e12} TB/s from memory, about ${gpu.cacheBytesPerSecond / 1e12} TB/s from the L2 cache (an estimate; not published).
Registers are estimates as well: compilers decide.

## Tiles of the matrix products

Convolutions in all three directions and dense layers (\`shaders/conv2d/gpu\`). Bytes and FLOPs are those of a workgroup
for a step of ${workgroupMemoryBytes(TILES[0]) / (4 * (TILES[0].rows + TILES[0].columns))} values of K. Cycles: a warp's multiply-adds for one value of K against its reads of workgroup memory;
lanes that read the same vec4 are served together. The ceiling is the least of three: the share of instructions that
are multiply-adds; the reads; the bandwidth of the L2 cache, if every operand of every tile comes from it.

${markdownTable(
  [
    "tile",
    "threads",
    "sums a thread",
    "accumulators",
    "registers",
    "workgroup memory, B",
    "FLOPs",
    "bytes fetched",
    "FLOPs a byte fetched",
    "FLOPs a byte of workgroup memory",
    "cycles, arithmetic : reads",
    "workgroups a processor",
    "occupancy",
    "ceiling",
  ],
  tileRows(),
)}

## Tiles of subgroup matrices

The same products if both operands are f16 (\`--precision mixed\`) and the device has subgroup matrices of f16 with sums in
f32 (\`shaders/common/matrix_product.wesl\`): ${MATRIX.rows} x ${MATRIX.columns} x ${MATRIX.depth} by subgroups of ${MATRIX.lanes}. Bytes and FLOPs are those of a workgroup for a step of
${2 * MATRIX.depth} values of K; workgroup memory holds both operands in f16 and a part of the sums in f32. The ceiling is a share of the
${gpu.matrixFlopsPerSecond / 1e12} TFLOP/s that the GPU has for dense f16 with sums in f32, the lesser of two: the subgroups' reads of workgroup memory;
the bandwidth of the L2 cache, if every operand of every tile comes from it. That rate needs ${decimals(gpu.matrixFlopsPerSecond / gpu.memoryBytesPerSecond, 0)} FLOPs a byte of memory.

${markdownTable(
  [
    "tile",
    "threads",
    "matrices a subgroup",
    "accumulators",
    "registers",
    "workgroup memory, B",
    "FLOPs",
    "bytes fetched",
    "FLOPs a byte fetched",
    "FLOPs a byte of workgroup memory",
    "workgroups a processor",
    "occupancy",
    "ceiling",
    "TFLOP/s",
  ],
  matrixTileRows(),
)}

## Layers

The choices of \`chooseTile\`. Waves: workgroups divided by those that all processors hold at a time; below 1 the GPU is not
full. Padding: multiply-adds of whole tiles divided by the useful ones. FLOPs a byte: each operand is moved once, partial
sums are written and read; the ridge is at ${decimals(gpu.flopsPerSecond / gpu.memoryBytesPerSecond)}. Time: a lower bound by arithmetic at the tile's ceiling or by memory, without
second passes and the start of a dispatch.

${markdownTable(LAYER_HEAD, layerRows("f32"))}

In mixed precision on a device with subgroup matrices:

${markdownTable(LAYER_HEAD, layerRows("mixed"))}

## Sums over rows

A workgroup covers ${REDUCTION.columns} columns of four channels (${REDUCTION.columns * 16} B a row, one cache line) and ${REDUCTION.lines} lines of rows. All are bound by memory: the column "of the
ridge" says how far they are from being bound by arithmetic. In flight: one vec4 of every tensor per resident thread; the last column is the latency
that this hides at full bandwidth (an H100 needs some 600 ns).

${markdownTable(
  [
    "kernel",
    "threads",
    "workgroup memory, B",
    "registers",
    "workgroups a processor",
    "occupancy",
    "FLOPs a byte",
    "of the ridge",
    "bytes in flight a processor",
    "latency hidden, ns",
  ],
  reductionRows(),
)}
`;
}
