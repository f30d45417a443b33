// First pass of the gradient: places[n,p,q,c] = r S + s, the position of the first maximum in the window of y[n,p,q,c],
// in row-major order; x [N, H, W, C], places [N, P, Q, lanes of C] (common/lanes). Condition `vec4`: the four positions
// of a lane are bytes of one word, so windows have at most 256 pixels. Every window contains a pixel of the image. A
// thread computes 4 neighbouring columns of one lane of places, and loads each pixel of their windows once;
// neighbouring threads handle neighbouring channels. Workgroup (x, p, n) belongs to row p of image n.

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
@group(0) @binding(2) var<storage, read_write> places: array<u32>;

/// The value if column s is in a window; otherwise s is beyond S.
fn in_window(value: Lanes, s: u32) -> Lanes {
  return select(Lanes(LOWEST), value, s < params.window.y);
}

fn packed(place: Lanes) -> u32 {
  @if(vec4) {
    let bytes = vec4u(place) << vec4u(0u, 8u, 16u, 24u);
    return bytes.x | bytes.y | bytes.z | bytes.w;
  }
  @else { return u32(place); }
}

fn load_x(at: u32) -> Lanes {
  @if(overlap) { return vec4f(x[at], x[at + 1u], x[at + 2u], x[at + 3u]); }
  @else { return x[at]; }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = wid.x * 64u + lid;
  let lanes = lanes_of(params.channels);
  let run = divide(i, lanes);
  let lane = i - run * lanes;
  let c = lane_start(lane, params.channels);
  let q = run * 4u;
  if (q >= params.output.y) { return; }
  let start = vec2i(vec2u(wid.y, q) * params.strides) - vec2i(params.padding);
  let rows = pixels_in_window(start.x, params.window.x, params.image.x);
  let run_width = 3u * params.strides.y + params.window.y;
  let columns = pixels_in_window(start.y, run_width, params.image.y);
  // A window whose values are all LOWEST keeps the position of its first pixel.
  let first_row = f32((i32(rows.x) - start.x) * i32(params.window.y));
  let lefts = vec4i(start.y) + vec4i(0, 1, 2, 3) * i32(params.strides.y);
  let firsts = first_row + vec4f(max(-lefts, vec4i(0)));
  @for(v in 0..4) var best$v = Lanes(LOWEST);
  @for(v in 0..4) var place$v = Lanes(firsts.${xyzw[v]});
  for (var h = rows.x; h < rows.y; h++) {
    let r = u32(i32(h) - start.x);
    var at = ((wid.z * params.image.x + h) * params.image.y + columns.x) * params.channels + c;
    for (var w = columns.x; w < columns.y; w++) {
      let value = load_x(at);
      let s = u32(i32(w) - start.y);
      let taps = vec4f(f32(r * params.window.y + s)) - vec4f(0.0, 1.0, 2.0, 3.0) * f32(params.strides.y);
      @for(v in 0..4)
        let value$v = in_window(value, s@when(v > 0: - @when(v > 1:${v}u *) params.strides.y));
        place$v = select(place$v, Lanes(taps.${xyzw[v]}), value$v > best$v);
        best$v = max(best$v, value$v);
      @end
      at += params.channels;
    }
  }
  let to = ((wid.z * params.output.x + wid.y) * params.output.y + q) * lanes + lane;
  places[to] = packed(place0);
  @for(v in 1..4)
    if (q + ${v}u < params.output.y) { places[to + @when(v > 1:${v}u *) lanes] = packed(place$v); }
  @end
}
