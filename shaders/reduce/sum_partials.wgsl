// Second pass of every split sum: y[i] = scale * sum_j partials[j][i], j in order. partials [splits][count],
// y [count]. A thread sums four neighbouring values (condition vec4: count is a multiple of 4) or one.

import package::common::indexing::flat_workgroup;

struct Params {
  count: u32, // values of y, in vec4s with vec4
  splits: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@if(vec4) @group(0) @binding(1) var<storage, read> partials: array<vec4f>;
@if(!vec4) @group(0) @binding(1) var<storage, read> partials: array<f32>;
@if(vec4) @group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@if(!vec4) @group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(16)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = flat_workgroup(workgroup, workgroups) * 16u + thread;
  if (i >= params.count) {
    return;
  }
  var sum = partials[i];
  for (var j = 1u; j < params.splits; j++) {
    sum += partials[j * params.count + i];
  }
  y[i] = sum * params.scale;
}
