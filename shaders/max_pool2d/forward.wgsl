// y[n,p,q,c] = the largest x[n,h,w,c] with h in p sh - top … + R, w in q sw - left … + S, inside the image;
// x [N, H, W, C], y [N, P, Q, C], channels counted in lanes.
// A thread makes one lane of y; neighbouring threads, neighbouring channels, then columns.
// Workgroup (x, p, n) belongs to row p of image n. Every window has a pixel in the image.

import package::common::divide::divide;
import package::common::lanes::Lanes;
import package::common::windows::pixels_in_window;

struct Params {
  image: vec2u, // H, W
  output: vec2u, // P, Q
  window: vec2u, // R, S
  strides: vec2u,
  padding: vec2u, // top, left
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
  let start = vec2i(vec2u(wid.y, q) * params.strides) - vec2i(params.padding);
  let rows = pixels_in_window(start.x, params.window.x, params.image.x);
  let columns = pixels_in_window(start.y, params.window.y, params.image.y);
  let image_row = wid.z * params.image.x;
  var best = x[((image_row + rows.x) * params.image.y + columns.x) * params.channels + c];
  for (var h = rows.x; h < rows.y; h++) {
    var at = ((image_row + h) * params.image.y + columns.x) * params.channels + c;
    for (var w = columns.x; w < columns.y; w++) {
      best = max(best, x[at]);
      at += params.channels;
    }
  }
  y[(wid.z * params.output.x + wid.y) * params.output.y * params.channels + i] = best;
}
