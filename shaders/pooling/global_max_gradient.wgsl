// dx[n,p,c] = dy[n,c] at the first pixel p with x[n,p,c] = y[n,c], else 0; x, dx [N, pixels, channels], y, dy [N,
// channels], channels counted in lanes. A thread iterates over the pixels of one lane; neighbouring threads handle
// neighbouring channels.

import package::common::indexing::flat_workgroup;
import package::common::lanes::Lanes;

struct Params { count: u32, pixels: u32, channels: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Lanes>;
@group(0) @binding(2) var<storage, read> y: array<Lanes>;
@group(0) @binding(3) var<storage, read> dy: array<Lanes>;
@group(0) @binding(4) var<storage, read_write> dx: array<Lanes>;

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
  let best = y[i];
  var rest = dy[i]; // the gradient that no pixel has received yet
  for (var pixel = 0u; pixel < params.pixels; pixel++) {
    let taken = select(Lanes(0.0), rest, x[at] == best);
    dx[at] = taken;
    rest -= taken;
    at += params.channels;
  }
}
