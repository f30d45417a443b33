// First pass of a sum over pixels (bias gradient): partials[split][c] = sum of x[m][c] over the split's rows m, in
// order. x [rows][columns] (NHWC: rows = N*H*W, columns = C), partials [splits][columns]; reduce/sum_partials adds the
// splits. A thread sums four neighbouring columns (condition vec4: columns is a multiple of 4) or one over its split's
// rows.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;

struct Params {
  rows: u32,
  columns: u32, // in vec4s with vec4
  splits: u32,
  rows_per_split: u32, // ceil(rows / splits)
}

@group(0) @binding(0) var<uniform> params: Params;
@if(vec4) @group(0) @binding(1) var<storage, read> x: array<vec4f>;
@if(!vec4) @group(0) @binding(1) var<storage, read> x: array<f32>;
@if(vec4) @group(0) @binding(2) var<storage, read_write> partials: array<vec4f>;
@if(!vec4) @group(0) @binding(2) var<storage, read_write> partials: array<f32>;

@compute @workgroup_size(16)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = flat_workgroup(workgroup, workgroups) * 16u + thread;
  if (i >= params.columns * params.splits) {
    return;
  }
  let split = divide(i, params.columns);
  let column = i - split * params.columns;
  let first = split * params.rows_per_split;
  let end = min(first + params.rows_per_split, params.rows);
  var at = first * params.columns + column;
  @if(vec4) var sum = vec4f();
  @if(!vec4) var sum = 0.0;
  for (var m = first; m < end; m++) {
    sum += x[at];
    at += params.columns;
  }
  partials[i] = sum;
}
