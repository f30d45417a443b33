// y[n,s,c] = scale * sum of x[n,p,c] over the pixels p of stretch s, or of x[n,p,c] * r[n,p,c] under the condition
// `product`; x, r [N, pixels, channels], y [N, stretches, channels], channels counted in lanes. A stretch is `stretch`
// neighbouring pixels. A second dispatch takes the partial sums as pixels, with one stretch, and sums them in a fixed
// order. A thread sums one channel of one stretch.

import package::common::indexing::flat_workgroup;
import package::common::lanes::Lanes;

struct Params { count: u32, pixels: u32, channels: u32, stretches: u32, stretch: u32, scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Lanes>;
@if(product) @group(0) @binding(2) var<storage, read> r: array<Lanes>;
@group(0) @binding(3) var<storage, read_write> y: array<Lanes>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lid: u32,
) {
  let i = flat_workgroup(wid, nwg) * 64u + lid;
  if (i >= params.count) { return; }
  let c = i % params.channels;
  let row = i / params.channels;
  let n = row / params.stretches;
  let first = (row % params.stretches) * params.stretch;
  let end = min(first + params.stretch, params.pixels);
  var at = (n * params.pixels + first) * params.channels + c;
  var sum = Lanes(0.0);
  for (var pixel = first; pixel < end; pixel++) {
    @if(product) { sum += x[at] * r[at]; }
    @else { sum += x[at]; }
    at += params.channels;
  }
  y[i] = params.scale * sum;
}
