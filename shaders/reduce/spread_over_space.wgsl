// y[n,p,c] = scale * x[n,c], broadcast over the pixels: the gradient of a sum over space; x [N, channels], y [N,
// pixels, channels], channels counted in lanes. A thread writes one channel of 8 neighbouring pixels; neighbouring
// threads handle neighbouring channels. Workgroup (x, n) belongs to image n.

import package::common::lanes::Lanes;

struct Params { pixels: u32, channels: u32, scale: f32 }

const PIXELS_PER_THREAD = 8u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Lanes>;
@group(0) @binding(2) var<storage, read_write> y: array<Lanes>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = wid.x * 64u + lid;
  let c = i % params.channels;
  let first = (i / params.channels) * PIXELS_PER_THREAD;
  if (first >= params.pixels) { return; }
  let value = params.scale * x[wid.y * params.channels + c];
  for (var k = 0u; k < PIXELS_PER_THREAD; k++) {
    let pixel = first + k;
    if (pixel < params.pixels) {
      y[(wid.y * params.pixels + pixel) * params.channels + c] = value;
    }
  }
}
