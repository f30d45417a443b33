// Second pass of the gradient: dx[n,h,w,c] = sum of dy[n,p,q,c] over the windows (p, q) whose first maximum is at (h,
// w), as max_places.wgsl found it; dy [N, P, Q, C], places [N, P, Q, lanes], dx [N, H, W, C], channels in lanes
// (common/lanes). A thread computes 4 neighbouring columns of one lane of dx, and loads each window over them once;
// neighbouring threads handle neighbouring channels. Workgroup (x, h, n) belongs to row h of image n.

import package::common::divide::divide;
import package::common::lanes::{Lanes, Stored, lane_start, lanes_of};
import package::common::windows::windows_over_pixels;

struct Params {
  image: vec2u, // H, W
  output: vec2u, // P, Q
  window: vec2u, // R, S
  strides: vec2u,
  padding: vec2u, // top, left
  channels: u32, // C, in vec4s unless lanes overlap
}

/// Positions in a window, one for each element of a lane.
@if(vec4) alias Places = vec4u;
@if(!vec4) alias Places = u32;

const NOWHERE = 0xffffffffu;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Stored>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read_write> dx: array<Stored>;

fn unpacked(word: u32) -> Places {
  @if(vec4) { return (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u); }
  @else { return word; }
}

/// The gradient for the pixel at row r, column s of a window, if the window's maximum is at `place`; s is beyond S if
/// the pixel is outside the window.
fn share(dy: Lanes, place: Places, r: u32, s: u32) -> Lanes {
  let here = select(NOWHERE, r * params.window.y + s, s < params.window.y);
  return select(Lanes(0.0), dy, place == Places(here));
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
  let lane = i - run * lanes;
  let c = lane_start(lane, params.channels);
  let w = run * 4u;
  if (w >= params.image.y) { return; }
  let rows =
    windows_over_pixels(wid.y, wid.y, params.padding.x, params.window.x, params.strides.x, params.output.x);
  let columns =
    windows_over_pixels(w, w + 3u, params.padding.y, params.window.y, params.strides.y, params.output.y);
  @for(v in 0..4) var sum$v = Lanes(0.0);
  for (var p = rows.x; p < rows.y; p++) {
    let r = wid.y + params.padding.x - p * params.strides.x;
    let start = (wid.z * params.output.x + p) * params.output.y;
    for (var q = columns.x; q < columns.y; q++) {
      let dy_here = load_dy((start + q) * params.channels + c);
      let place = unpacked(places[(start + q) * lanes + lane]);
      let s = w + params.padding.y - q * params.strides.y;
      @for(v in 0..4) sum$v += share(dy_here, place, r, s@when(v > 0: + ${v}u));
    }
  }
  let to = ((wid.z * params.image.x + wid.y) * params.image.y + w) * params.channels + c;
  store(to, sum0);
  @for(v in 1..4)
    if (w + ${v}u < params.image.y) { store(to + @when(v > 1:${v}u *) params.channels, sum$v); }
  @end
}
