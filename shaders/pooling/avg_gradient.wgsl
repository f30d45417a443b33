// dx[n,h,w,c] = sum of dy[n,p,q,c] / count(p, q) over the windows (p, q) that cover (h, w), with count as in
// avg_forward.wgsl; dy [N, P, Q, C], dx [N, H, W, C], channels in lanes (common/lanes). A thread computes 4
// neighbouring columns of one lane of dx, and loads each window over them once; neighbouring threads handle
// neighbouring channels. Workgroup (x, h, n) belongs to row h of image n.

import package::common::divide::divide;
import package::common::lanes::{Lanes, Stored, lane_start, lanes_of};
import package::common::windows::{pixels_in_window, windows_over_pixels};

struct Params {
  image: vec2u, // H, W
  output: vec2u, // P, Q
  window: vec2u, // R, S
  strides: vec2u,
  padding: vec2u, // top, left
  channels: u32, // C, in vec4s unless lanes overlap
  counts_padding: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Stored>;
@group(0) @binding(2) var<storage, read_write> dx: array<Stored>;

/// 1 / the number of pixels along one axis that window `index` averages.
fn weight_of(index: u32, stride: u32, before: u32, window: u32, image: u32) -> f32 {
  let pixels = pixels_in_window(i32(index * stride) - i32(before), window, image);
  return 1.0 / f32(select(pixels.y - pixels.x, window, params.counts_padding == 1u));
}

fn load_dy(at: u32) -> Lanes {
  @if(overlap) { return vec4f(dy[at], dy[at + 1u], dy[at + 2u], dy[at + 3u]); }
  @else { return dy[at]; }
}

fn store(at: u32, value: Lanes) {
  @if(!overlap) { dx[at] = value; }
  @if(overlap) {
    dx[at] = value.x;
    dx[at + 1u] = value.y;
    dx[at + 2u] = value.z;
    dx[at + 3u] = value.w;
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = wid.x * 64u + lid;
  let lanes = lanes_of(params.channels);
  let run = divide(i, lanes);
  let c = lane_start(i - run * lanes, params.channels);
  let w = run * 4u;
  if (w >= params.image.y) { return; }
  let rows =
    windows_over_pixels(wid.y, wid.y, params.padding.x, params.window.x, params.strides.x, params.output.x);
  let columns =
    windows_over_pixels(w, w + 3u, params.padding.y, params.window.y, params.strides.y, params.output.y);
  @for(v in 0..4) var sum$v = Lanes(0.0);
  for (var q = columns.x; q < columns.y; q++) {
    var at = ((wid.z * params.output.x + rows.x) * params.output.y + q) * params.channels + c;
    var sum = Lanes(0.0);
    for (var p = rows.x; p < rows.y; p++) {
      sum += weight_of(p, params.strides.x, params.padding.x, params.window.x, params.image.x) * load_dy(at);
      at += params.output.y * params.channels;
    }
    sum *= weight_of(q, params.strides.y, params.padding.y, params.window.y, params.image.y);
    // The first pixel's position in the window; beyond S if it is outside the window.
    let place = w + params.padding.y - q * params.strides.y;
    @for(v in 0..4) sum$v += select(Lanes(0.0), sum, place@when(v > 0: + ${v}u) < params.window.y);
  }
  let to = ((wid.z * params.image.x + wid.y) * params.image.y + w) * params.channels + c;
  store(to, sum0);
  @for(v in 1..4)
    if (w + ${v}u < params.image.y) { store(to + @when(v > 1:${v}u *) params.channels, sum$v); }
  @end
}
