// y = x, element by element, where the two are of different types: which, the linker decides; x, y [count lanes].
// A workgroup of 64 threads handles 256 neighbouring lanes, a thread every 64th of them.

import package::common::indexing::flat_workgroup;
import package::common::lanes::Lanes;

struct Params { count: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Lanes>;
@group(0) @binding(2) var<storage, read_write> y: array<Lanes>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lid: u32,
) {
  let first = flat_workgroup(wid, nwg) * 256u + lid;
  for (var k = 0u; k < 4u; k++) {
    let i = first + k * 64u;
    if (i < params.count) { y[i] = x[i]; }
  }
}
