// Column sums in a fixed order, in two passes if there are many rows: for the partial sums of other kernels, and for
// sumRows, y[c] = Σ x[…, c] over all but the last axis, the gradient of a bias.

import columnSums from "../../../shaders/reduce/column_sums.wgsl";
import sumPartials from "../../../shaders/reduce/sum_partials.wgsl";
import { byteSize, elementCount } from "../../base/tensors.ts";
import type { Tensor } from "../../graph/graph.ts";
import { defineOperator, type Lowering, noAttributes, typeOf } from "../../graph/operator.ts";
import { cuts } from "../common/candidates.ts";
import { lowerChunkSums, lowerColumnSums } from "./column_sums_gpu.ts";

/** Second pass of a split sum: y = Σ partials, in order. */
export function addPartials(l: Lowering<object>, partials: Tensor, y: Tensor, splits: number): void {
  const count = elementCount(y.shape);
  if (l.device.family === "gpu") {
    const sizes = { rows: splits, columns: count, chunks: 1, rowsPerChunk: splits };
    lowerChunkSums(l, { x: partials, y }, sizes);
    return;
  }
  const vec4 = count % 4 === 0;
  const units = vec4 ? count / 4 : count;
  l.dispatch(
    { name: "reduce/sum_partials", source: sumPartials, conditions: { vec4 } },
    {
      tensors: { partials, y },
      uniforms: { count: units, splits, scale: 1 },
      workgroups: Math.ceil(units / 16),
    },
  );
}

const COLUMN_THREADS = { cpu: 64, gpu: 4096 } as const;
const MIN_ROWS_PER_SPLIT = 16;

/** Sums the rows of x [rows, columns] into y [columns], in two passes if there are many rows. */
function sumColumns(l: Lowering<object>, x: Tensor, y: Tensor): void {
  if (l.device.family === "gpu") {
    lowerColumnSums(l, x, y);
    return;
  }
  const columns = elementCount(y.shape);
  const rows = elementCount(x.shape) / Math.max(1, columns);
  const vec4 = columns % 4 === 0;
  const units = vec4 ? columns / 4 : columns;
  const most = Math.max(1, Math.ceil(rows / MIN_ROWS_PER_SPLIT));
  const guess = Math.min(Math.max(1, Math.ceil(COLUMN_THREADS[l.device.family] / units)), most);
  const rowsPerSplit = Math.ceil(rows / l.choose("splits", cuts(guess, rows, most)));
  const splits = Math.ceil(rows / rowsPerSplit);
  const partials = splits === 1 ? y : l.workspace("column sums", { shape: [splits, columns], dtype: "f32" });
  l.dispatch(
    { name: "reduce/column_sums", source: columnSums, conditions: { vec4 } },
    {
      tensors: { x, partials },
      uniforms: { rows, columns: units, splits, rows_per_split: rowsPerSplit },
      workgroups: Math.ceil((units * splits) / 16),
    },
  );
  if (splits > 1) addPartials(l, partials, y, splits);
}

/** y [C]: sums of x [N, …, C] over all axes but the last, f32. */
export const sumRows = defineOperator({
  name: "sumRows",
  inputs: ["x"],
  attributes: noAttributes,
  infer: (inputs) => ({ y: { shape: [typeOf(inputs, "x").shape.at(-1) ?? 1], dtype: "f32" } }),
  lower: (l) => sumColumns(l, l.input("x"), l.output("y")),
  cost(inputs) {
    const x = typeOf(inputs, "x");
    return { flops: elementCount(x.shape), bytes: byteSize(x) };
  },
});
