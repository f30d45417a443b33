// y[n,p,q,c] = x[n, p + dp, q + dq, c], or 0 where that lies outside x: crops (dp, dq >= 0) and pads with
// zeros (<= 0); x [N, H, W, C], y [N, P, Q, C], channels counted in lanes.
// A thread makes one lane of y; neighbouring threads, neighbouring channels, then columns.
// Workgroup (x, p, n) belongs to row p of image n.

import package::common::divide::divide;
import package::common::lanes::Lanes;

struct Params {
  image: vec2u, // H, W
  output: vec2u, // P, Q
  shift: vec2i, // dp, dq
  channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Lanes>;
@group(0) @binding(2) var<storage, read_write> y: array<Lanes>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = wid.x * 64u + lid;
  if (i >= params.output.y * params.channels) { return; }
  let q = divide(i, params.channels);
  let c = i - q * params.channels;
  let source = vec2i(vec2u(wid.y, q)) + params.shift;
  var value = Lanes(0.0);
  if (all(source >= vec2i(0)) && all(source < vec2i(params.image))) {
    let pixel = (wid.z * params.image.x + u32(source.x)) * params.image.y + u32(source.y);
    value = x[pixel * params.channels + c];
  }
  y[(wid.z * params.output.x + wid.y) * params.output.y * params.channels + i] = value;
}
