// y[n,v,u,c] = the bilinear sample of x[n,:,:,c] at column t0 u + t1 v + t2, row t3 u + t4 v + t5, with t the transform
// of image n; taps outside the image are clamped to the edge, or 0 if `is_constant` is 1. x, y [N, H, W, C], channels
// counted in lanes, transform [N, 6]. A thread computes one lane of y; neighbouring threads handle neighbouring
// channels, then columns. Workgroup (x, v, n) belongs to row v of image n.

import package::common::bilinear::{affine_place, BilinearTaps, constant_taps, nearest_taps};
import package::common::divide::divide;
import package::common::lanes::Lanes;

struct Params { image: vec2u, channels: u32, is_constant: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Lanes>;
@group(0) @binding(2) var<storage, read> transform: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<Lanes>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = wid.x * 64u + lid;
  if (i >= params.image.y * params.channels) { return; }
  let column = divide(i, params.channels);
  let c = i - column * params.channels;
  let t = wid.z * 6u;
  let place = affine_place(
    column,
    wid.y,
    vec3f(transform[t], transform[t + 1u], transform[t + 2u]),
    vec3f(transform[t + 3u], transform[t + 4u], transform[t + 5u]),
  );
  var taps: BilinearTaps;
  if (params.is_constant == 1u) { taps = constant_taps(place, params.image.yx); }
  else { taps = nearest_taps(place, params.image.yx); }
  let row0 = (wid.z * params.image.x + taps.row0) * params.image.y;
  let row1 = (wid.z * params.image.x + taps.row1) * params.image.y;
  let value = taps.weights.x * x[(row0 + taps.column0) * params.channels + c] +
    taps.weights.y * x[(row0 + taps.column1) * params.channels + c] +
    taps.weights.z * x[(row1 + taps.column0) * params.channels + c] +
    taps.weights.w * x[(row1 + taps.column1) * params.channels + c];
  y[(wid.z * params.image.x + wid.y) * params.image.y * params.channels + i] = value;
}
