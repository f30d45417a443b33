// y[n,p,c] = a[n,p,c] + scale * b[n,c], or a[n,p,c] * b[n,c] under the condition `multiply`;
// a, y [N, pixels, channels], b [N, channels], channels counted in lanes.
// A thread handles one channel of 8 neighbouring pixels; neighbouring threads handle neighbouring channels. Workgroup
// (x, n) belongs to image n.

import package::common::lanes::Lanes;

struct Params { pixels: u32, channels: u32, scale: f32 }

const PIXELS_PER_THREAD = 8u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<Lanes>;
@group(0) @binding(2) var<storage, read> b: array<Lanes>;
@group(0) @binding(3) var<storage, read_write> y: array<Lanes>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = wid.x * 64u + lid;
  let c = i % params.channels;
  let first = (i / params.channels) * PIXELS_PER_THREAD;
  if (first >= params.pixels) { return; }
  let factor = b[wid.y * params.channels + c];
  for (var k = 0u; k < PIXELS_PER_THREAD; k++) {
    let pixel = first + k;
    if (pixel < params.pixels) {
      let at = (wid.y * params.pixels + pixel) * params.channels + c;
      @if(multiply) y[at] = a[at] * factor;
      @else y[at] = a[at] + params.scale * factor;
    }
  }
}
