// dx[n,h,w,c] = sum of dy[n,p,q,c] / count(p, q) over the windows (p, q) that cover (h, w), with count as in
// forward.wgsl; dy [N, P, Q, C], dx [N, H, W, C], channels counted in lanes.
// A thread makes one lane of dx; neighbouring threads, neighbouring channels, then columns.
// Workgroup (x, h, n) belongs to row h of image n.

import package::common::divide::divide;
import package::common::lanes::Lanes;
import package::common::windows::{pixels_in_window, windows_over_pixel};

struct Params {
  image: vec2u, // H, W
  output: vec2u, // P, Q
  window: vec2u, // R, S
  strides: vec2u,
  padding: vec2u, // top, left
  channels: u32,
  counts_padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Lanes>;
@group(0) @binding(2) var<storage, read_write> dx: array<Lanes>;

/// How many pixels of one axis window `index` averages.
fn pixel_count(index: u32, stride: u32, before: u32, window: u32, image: u32) -> f32 {
  let pixels = pixels_in_window(i32(index * stride) - i32(before), window, image);
  return f32(select(pixels.y - pixels.x, window, params.counts_padding == 1u));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = wid.x * 64u + lid;
  if (i >= params.image.y * params.channels) { return; }
  let w = divide(i, params.channels);
  let c = i - w * params.channels;
  let rows = windows_over_pixel(wid.y, params.padding.x, params.window.x, params.strides.x, params.output.x);
  let columns = windows_over_pixel(w, params.padding.y, params.window.y, params.strides.y, params.output.y);
  var sum = Lanes(0.0);
  for (var p = rows.x; p < rows.y; p++) {
    let height = pixel_count(p, params.strides.x, params.padding.x, params.window.x, params.image.x);
    var at = ((wid.z * params.output.x + p) * params.output.y + columns.x) * params.channels + c;
    for (var q = columns.x; q < columns.y; q++) {
      let width = pixel_count(q, params.strides.y, params.padding.y, params.window.y, params.image.y);
      sum += dy[at] * (1.0 / (height * width));
      at += params.channels;
    }
  }
  dx[(wid.z * params.image.x + wid.y) * params.image.y * params.channels + i] = sum;
}
