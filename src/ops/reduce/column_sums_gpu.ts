// Column sums on GPUs: a workgroup sums a chunk of rows of a few columns by a tree reduction of fixed shape.

import columnSums from "../../../shaders/reduce/gpu/column_sums.wesl";
import { elementCount } from "../../base/tensors.ts";
import type { Tensor } from "../../graph/graph.ts";
import type { Lowering } from "../../graph/operator.ts";

/** The columns (or vec4s of columns) of a workgroup and how many of its threads share one. */
export const REDUCTION = { columns: 8, lines: 32 } as const;

/** Workgroups that fill a large GPU (H100: 132 processors, each of which holds eight such workgroups). */
const WANTED_WORKGROUPS = 1024;
/** The least number of rows per thread, so that the second pass stays short. */
export const MIN_ROWS_PER_LINE = 8;

/** The number of chunks of rows with partial sums of their own. */
export function chunksOf(rows: number, units: number): { chunks: number; rowsPerChunk: number } {
  const columnTiles = Math.ceil(units / REDUCTION.columns);
  const most = Math.ceil(rows / (REDUCTION.lines * MIN_ROWS_PER_LINE));
  const wanted = Math.max(1, Math.min(Math.ceil(WANTED_WORKGROUPS / columnTiles), most));
  const rowsPerChunk = Math.max(1, Math.ceil(rows / wanted));
  return { chunks: Math.max(1, Math.ceil(rows / rowsPerChunk)), rowsPerChunk };
}

/** Dispatches y[chunk] = sum of the chunk's rows of x; x may have further values after its rows. */
export function lowerChunkSums(
  l: Lowering<object>,
  { x, y }: { readonly x: Tensor; readonly y: Tensor },
  sizes: {
    readonly rows: number;
    readonly columns: number;
    readonly chunks: number;
    readonly rowsPerChunk: number;
  },
): void {
  const vec4 = sizes.columns % 4 === 0;
  const columns = vec4 ? sizes.columns / 4 : sizes.columns;
  const columnTiles = Math.ceil(columns / REDUCTION.columns);
  l.dispatch(
    {
      name: "reduce/gpu/column_sums",
      source: columnSums,
      conditions: { vec4 },
      constants: { COLUMNS: `${REDUCTION.columns}u`, LINES: `${REDUCTION.lines}u` },
    },
    {
      tensors: { x, y },
      uniforms: {
        rows: sizes.rows,
        columns,
        column_tiles: columnTiles,
        chunks: sizes.chunks,
        rows_per_chunk: sizes.rowsPerChunk,
      },
      workgroups: columnTiles * sizes.chunks,
    },
  );
}

/** Sums the rows of x [rows, columns] into y [columns], in two passes if there are many rows. */
export function lowerColumnSums(l: Lowering<object>, x: Tensor, y: Tensor): void {
  const columns = elementCount(y.shape);
  const rows = elementCount(x.shape) / Math.max(1, columns);
  const { chunks, rowsPerChunk } = chunksOf(rows, columns % 4 === 0 ? columns / 4 : columns);
  const partials = chunks === 1 ? y : l.workspace("column sums", { shape: [chunks, columns], dtype: "f32" });
  lowerChunkSums(l, { x, y: partials }, { rows, columns, chunks, rowsPerChunk });
  if (chunks > 1) {
    lowerChunkSums(l, { x: partials, y }, { rows: chunks, columns, chunks: 1, rowsPerChunk: chunks });
  }
}
