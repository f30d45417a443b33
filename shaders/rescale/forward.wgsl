// y = scale_c x + offset_c, c the channel: the last index, at most four of them; x, y [count elements].
// A workgroup of 64 threads handles 256 neighbouring elements, a thread every 64th of them.

import package::common::indexing::flat_workgroup;

struct Params { scale: vec4f, offset: vec4f, count: u32, channels: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lid: u32,
) {
  let first = flat_workgroup(wid, nwg) * 256u + lid;
  for (var k = 0u; k < 4u; k++) {
    let i = first + k * 64u;
    let c = i % params.channels;
    if (i < params.count) { y[i] = params.scale[c] * x[i] + params.offset[c]; }
  }
}
