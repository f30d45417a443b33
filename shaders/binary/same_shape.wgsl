// y = a + scale * b, or y = a * b under the condition `multiply`; a, b, y [count lanes].
// A workgroup of 64 threads handles 256 neighbouring lanes, a thread every 64th of them.

import package::common::indexing::flat_workgroup;
import package::common::lanes::Lanes;

struct Params { count: u32, scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<Lanes>;
@group(0) @binding(2) var<storage, read> b: array<Lanes>;
@group(0) @binding(3) var<storage, read_write> y: array<Lanes>;

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
      @if(multiply) y[i] = a[i] * b[i];
      @else y[i] = a[i] + params.scale * b[i];
    }
  }
}
