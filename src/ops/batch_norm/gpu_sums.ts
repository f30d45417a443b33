// Batch norm on GPUs: the reductions over rows of its first passes use workgroup memory. The second pass merges a few
// chunks itself. Tensors with many rows fill a large GPU with hundreds of chunks; an extra pass merges those into one.

import gradientSums from "../../../shaders/batch_norm/gpu/gradient_sums.wesl";
import joinStatistics from "../../../shaders/batch_norm/gpu/join_statistics.wesl";
import statistics from "../../../shaders/batch_norm/gpu/statistics.wesl";
import type { Tensor } from "../../graph/graph.ts";
import type { Lowering } from "../../graph/operator.ts";
import { chunksOf, lowerChunkSums, MIN_ROWS_PER_LINE, REDUCTION } from "../reduce/column_sums_gpu.ts";
import { type ChannelForm, specialise } from "./normalize.ts";

/** The largest number of chunks that the second pass merges itself. */
export const MAX_SPLITS_ON_GPU = 8;
/** Rows for one line of threads that take as long as an extra pass that merges chunks (about 3 µs). */
const MAX_ROWS_PER_LINE = 64;

/** Chunks for the second pass to merge: 1 if an extra pass that merges them first is faster. */
export function splitsOnGpu(rows: number): number {
  const { lines } = REDUCTION;
  if (rows > MAX_SPLITS_ON_GPU * lines * MAX_ROWS_PER_LINE) return 1;
  return Math.max(1, Math.min(MAX_SPLITS_ON_GPU, Math.floor(rows / (lines * MIN_ROWS_PER_LINE))));
}

/** The rows of x in the units of the form, and the chunks that the second pass reads, as uniforms. */
interface RowSizes {
  readonly channels: number;
  readonly rows: number;
  readonly rows_per_image: number;
  readonly splits: number;
}

/** The number of chunks, whether an extra pass merges them into `splits`, and the number of column tiles. */
function chunking({ rows, splits }: RowSizes, { units }: ChannelForm) {
  const chunks = splits > 1 ? splits : chunksOf(rows, units).chunks;
  return { chunks, isJoined: chunks > splits, columnTiles: Math.ceil(units / REDUCTION.columns) };
}

const CONSTANTS = { COLUMNS: `${REDUCTION.columns}u`, LINES: `${REDUCTION.lines}u` };

/**
 * Dispatches mean and squared deviations of the valid rows of x: partials [splits, 2, channels], then the image count.
 */
export function lowerStatisticsOnGpu(
  l: Lowering<object>,
  { x, validRows, partials }: { readonly x: Tensor; readonly validRows: Tensor; readonly partials: Tensor },
  sizes: RowSizes,
  form: ChannelForm,
): void {
  const { chunks, isJoined, columnTiles } = chunking(sizes, form);
  const values = (chunks * 2 * form.units + 1) * (form.vec4 ? 4 : 1);
  const moments = isJoined ? l.workspace("chunks", { shape: [values], dtype: "f32" }) : partials;
  l.dispatch(specialise("gpu/statistics", statistics, form, CONSTANTS), {
    tensors: { x, valid_rows: validRows, partials: moments },
    uniforms: { ...sizes, splits: chunks, column_tiles: columnTiles },
    workgroups: columnTiles * chunks,
  });
  if (!isJoined) return;
  l.dispatch(specialise("gpu/join_statistics", joinStatistics, form, CONSTANTS), {
    tensors: { partials: moments, y: partials },
    uniforms: { ...sizes, splits: chunks },
    workgroups: columnTiles,
  });
}

interface GradientTensors {
  readonly x: Tensor;
  readonly dy: Tensor;
  readonly statistics: Tensor;
  readonly validRows: Tensor;
  readonly partials: Tensor;
}

interface GradientSizes extends RowSizes {
  readonly activation: number;
  readonly dy_first: number;
  readonly dy_stride: number;
}

/** Dispatches the gradient's sums over the valid rows: partials [splits, 2, channels], then the image count. */
export function lowerGradientSumsOnGpu(
  l: Lowering<object>,
  { validRows, partials, ...read }: GradientTensors,
  sizes: GradientSizes,
  form: ChannelForm,
): void {
  const { chunks, isJoined, columnTiles } = chunking(sizes, form);
  const width = form.vec4 ? 4 : 1;
  // Chunks that will be added up each hold the image count, in four values after their sums.
  const stride = 2 * form.units + (isJoined ? 4 / width : 0);
  const columns = stride * width;
  const sums = isJoined ? l.workspace("chunks", { shape: [chunks, columns], dtype: "f32" }) : partials;
  l.dispatch(specialise("gpu/gradient_sums", gradientSums, form, CONSTANTS), {
    tensors: { ...read, valid_rows: validRows, partials: sums },
    uniforms: {
      ...sizes,
      splits: chunks,
      column_tiles: columnTiles,
      stride,
      images_at: isJoined ? 2 * form.units : stride * chunks,
      joined: Number(isJoined),
    },
    workgroups: columnTiles * chunks,
  });
  if (!isJoined) return;
  lowerChunkSums(l, { x: sums, y: partials }, { rows: chunks, columns, chunks: 1, rowsPerChunk: chunks });
}
