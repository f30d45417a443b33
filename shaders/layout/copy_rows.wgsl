// Copies a block of a matrix: y[row, to_first + j] = x[row, from_first + j] for j below `width`; rows of x are
// `from_stride` lanes apart, rows of y `to_stride`. Concatenation and slicing along any axis use it, with the
// dimensions before the axis as rows. A thread copies one lane of 4 neighbouring rows; neighbouring threads handle
// neighbouring lanes.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::lanes::Lanes;

struct Params {
  rows: u32,
  width: u32,
  from_first: u32,
  from_stride: u32,
  to_first: u32,
  to_stride: u32,
}

const ROWS_PER_THREAD = 4u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Lanes>;
@group(0) @binding(2) var<storage, read_write> y: array<Lanes>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lid: u32,
) {
  let i = flat_workgroup(wid, nwg) * 64u + lid;
  let block = divide(i, params.width);
  let j = i - block * params.width;
  for (var k = 0u; k < ROWS_PER_THREAD; k++) {
    let row = block * ROWS_PER_THREAD + k;
    if (row < params.rows) {
      y[row * params.to_stride + params.to_first + j] = x[row * params.from_stride + params.from_first + j];
    }
  }
}
