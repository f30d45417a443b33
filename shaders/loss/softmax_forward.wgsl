// y[i,j] = exp(x[i,j] - m) / sum over k of exp(x[i,k] - m), m the largest x[i,k]; x, y [rows, classes].
// A thread computes one row.

import package::common::indexing::flat_workgroup;

struct Params { rows: u32, classes: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lid: u32,
) {
  let row = flat_workgroup(wid, nwg) * 64u + lid;
  if (row >= params.rows) { return; }
  let first = row * params.classes;
  var largest = x[first];
  for (var k = 1u; k < params.classes; k++) { largest = max(largest, x[first + k]); }
  var sum = 0.0;
  for (var k = 0u; k < params.classes; k++) {
    let e = exp(x[first + k] - largest);
    y[first + k] = e;
    sum += e;
  }
  for (var k = 0u; k < params.classes; k++) { y[first + k] = y[first + k] / sum; }
}
