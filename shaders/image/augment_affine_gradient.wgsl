// dx[n,h,w,c] = sum over (v, u) of dy[n,v,u,c] times the weight of pixel (h, w) in y[n,v,u,c]. The weight is (1 - |row
// - h|) (1 - |column - w|) if both factors are positive, with (column, row) the position of (u, v) as in
// augment_affine_forward.wgsl, clamped to the edge unless `is_constant` is 1. dy, dx [N, H, W, C], channels in lanes. A
// thread computes one lane of dx: for each row v it solves for the range of u whose positions can be near enough, and
// visits those. Any transform works, including one that cannot be inverted. Workgroup (x, h, n) belongs to row h of
// image n.

import package::common::bilinear::affine_place;
import package::common::divide::divide;
import package::common::lanes::Lanes;

struct Params { image: vec2u, channels: u32, is_constant: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Lanes>;
@group(0) @binding(2) var<storage, read> transform: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<Lanes>;

const EVERYWHERE = vec2f(-1e9, 1e9);
const NOWHERE = vec2f(1e9, -1e9);

/// The range of coordinates (low, high) along an axis in which `pixel` can have a weight, with a margin for rounding.
fn reach(pixel: u32, pixels: u32) -> vec2f {
  let is_clamped = params.is_constant == 0u;
  let low = select(f32(pixel) - 1.01, EVERYWHERE.x, is_clamped && pixel == 0u);
  let high = select(f32(pixel) + 1.01, EVERYWHERE.y, is_clamped && pixel == pixels - 1u);
  return vec2f(low, high);
}

/// The range of u (low, high) for which slope u + offset lies within the bounds.
fn solve(slope: f32, offset: f32, bounds: vec2f) -> vec2f {
  if (abs(slope) < 1e-6) {
    return select(NOWHERE, EVERYWHERE, offset >= bounds.x && offset <= bounds.y);
  }
  let ends = (bounds - offset) / slope;
  return vec2f(min(ends.x, ends.y), max(ends.x, ends.y));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = wid.x * 64u + lid;
  if (i >= params.image.y * params.channels) { return; }
  let w = divide(i, params.channels);
  let c = i - w * params.channels;
  let t = wid.z * 6u;
  let t0 = vec3f(transform[t], transform[t + 1u], transform[t + 2u]);
  let t3 = vec3f(transform[t + 3u], transform[t + 4u], transform[t + 5u]);
  let last = vec2f(params.image.yx - 1u);
  let pixel = vec2f(f32(w), f32(wid.y));
  let column_reach = reach(w, params.image.y);
  let row_reach = reach(wid.y, params.image.x);
  var sum = Lanes(0.0);
  for (var v = 0u; v < params.image.x; v++) {
    let by_column = solve(t0.x, t0.y * f32(v) + t0.z, column_reach);
    let by_row = solve(t3.x, t3.y * f32(v) + t3.z, row_reach);
    let first = ceil(clamp(max(by_column.x, by_row.x), 0.0, f32(params.image.y)));
    let end = floor(clamp(min(by_column.y, by_row.y), -1.0, last.x)) + 1.0;
    for (var u = u32(first); u < min(u32(end), params.image.y); u++) {
      let place = affine_place(u, v, t0, t3);
      let near = select(clamp(place, vec2f(0.0), last), place, params.is_constant == 1u);
      let weights = max(1.0 - abs(near - pixel), vec2f(0.0));
      let at = ((wid.z * params.image.x + v) * params.image.y + u) * params.channels + c;
      sum += weights.x * weights.y * dy[at];
    }
  }
  dx[(wid.z * params.image.x + wid.y) * params.image.y * params.channels + i] = sum;
}
