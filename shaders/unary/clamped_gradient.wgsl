// dx = scale dy where 0 < y < cap, else 0, for the y of clamped_forward.wgsl; y, dy, dx [count lanes].
// A workgroup of 64 threads handles 256 neighbouring lanes, a thread every 64th of them.

import package::common::indexing::flat_workgroup;
import package::common::lanes::Lanes;

struct Params { count: u32, scale: f32, cap: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<Lanes>;
@group(0) @binding(2) var<storage, read> dy: array<Lanes>;
@group(0) @binding(3) var<storage, read_write> dx: array<Lanes>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lid: u32,
) {
  let first = flat_workgroup(wid, nwg) * 256u + lid;
  for (var k = 0u; k < 4u; k++) {
    let i = first + k * 64u;
    if (i < params.count) {
      let value = y[i];
      let is_inside = (value > Lanes(0.0)) & (value < Lanes(params.cap));
      dx[i] = select(Lanes(0.0), params.scale * dy[i], is_inside);
    }
  }
}
