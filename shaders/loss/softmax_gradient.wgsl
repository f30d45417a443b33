// dx[i,j] = y[i,j] (dy[i,j] - sum over k of dy[i,k] y[i,k]); y, dy, dx [rows, classes].
// A thread computes one row.

import package::common::indexing::flat_workgroup;

struct Params { rows: u32, classes: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lid: u32,
) {
  let row = flat_workgroup(wid, nwg) * 64u + lid;
  if (row >= params.rows) { return; }
  let first = row * params.classes;
  var mean = 0.0;
  for (var k = 0u; k < params.classes; k++) { mean += dy[first + k] * y[first + k]; }
  for (var k = 0u; k < params.classes; k++) { dx[first + k] = y[first + k] * (dy[first + k] - mean); }
}
