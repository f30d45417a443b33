// y[n,p,q,c] = the largest x[n,h,w,c] with h in p sh - top … + R, w in q sw - left … + S, inside the image; x [N, H, W,
// C], y [N, P, Q, C], channels in lanes (common/lanes). Every window contains a pixel of the image. A thread computes 4
// neighbouring columns of one lane of y, and loads each pixel of their windows once; neighbouring threads handle
// neighbouring channels. Workgroup (x, p, n) belongs to row p of image n.

import package::common::divide::divide;
import package::common::lanes::{Lanes, Stored, lane_start, lanes_of};
import package::common::windows::pixels_in_window;

struct Params {
  image: vec2u, // H, W
  output: vec2u, // P, Q
  window: vec2u, // R, S
  strides: vec2u,
  padding: vec2u, // top, left
  channels: u32, // C, in vec4s unless lanes overlap
}

const LOWEST = -0x1.fffffep+127;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read_write> y: array<Stored>;

fn load_x(at: u32) -> Lanes {
  @if(overlap) { return vec4f(x[at], x[at + 1u], x[at + 2u], x[at + 3u]); }
  @else { return x[at]; }
}

fn store(at: u32, value: Lanes) {
  @if(!overlap) { y[at] = value; }
  @if(overlap) {
    y[at] = value.x;
    y[at + 1u] = value.y;
    y[at + 2u] = value.z;
    y[at + 3u] = value.w;
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = wid.x * 64u + lid;
  let lanes = lanes_of(params.channels);
  let run = divide(i, lanes);
  let c = lane_start(i - run * lanes, params.channels);
  let q = run * 4u;
  if (q >= params.output.y) { return; }
  let start = vec2i(vec2u(wid.y, q) * params.strides) - vec2i(params.padding);
  let rows = pixels_in_window(start.x, params.window.x, params.image.x);
  let run_width = 3u * params.strides.y + params.window.y;
  let columns = pixels_in_window(start.y, run_width, params.image.y);
  @for(v in 0..4) var best$v = Lanes(LOWEST);
  for (var w = columns.x; w < columns.y; w++) {
    var at = ((wid.z * params.image.x + rows.x) * params.image.y + w) * params.channels + c;
    var largest = load_x(at);
    for (var h = rows.x + 1u; h < rows.y; h++) {
      at += params.image.y * params.channels;
      largest = max(largest, load_x(at));
    }
    // The column's position in each window; beyond S if it is outside the window.
    let place = u32(i32(w) - start.y);
    @for(v in 0..4)
      best$v = max(best$v, select(Lanes(LOWEST), largest,
        place@when(v > 0: - @when(v > 1:${v}u *) params.strides.y) < params.window.y));
    @end
  }
  let to = ((wid.z * params.output.x + wid.y) * params.output.y + q) * params.channels + c;
  store(to, best0);
  @for(v in 1..4)
    if (q + ${v}u < params.output.y) { store(to + @when(v > 1:${v}u *) params.channels, best$v); }
  @end
}
