// y[n,c] = the largest of x[n,p,c] over the pixels p; x [N, pixels, channels], y [N, channels], channels counted in
// lanes. A thread computes one lane of y; neighbouring threads handle neighbouring channels.

import package::common::indexing::flat_workgroup;
import package::common::lanes::Lanes;

struct Params { count: u32, pixels: u32, channels: u32 }

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
  if (i >= params.count) { return; }
  let n = i / params.channels;
  var at = n * params.pixels * params.channels + (i - n * params.channels);
  var best = x[at];
  for (var pixel = 1u; pixel < params.pixels; pixel++) {
    at += params.channels;
    best = max(best, x[at]);
  }
  y[i] = best;
}
