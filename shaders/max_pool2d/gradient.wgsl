// Second pass of the gradient: dx[n,h,w,c] = sum of dy[n,p,q,c] over the windows (p, q) whose first maximum is
// at (h, w), as places.wgsl found it; dy, places [N, P, Q, C], dx [N, H, W, C], channels counted in lanes.
// A thread makes one lane of dx; neighbouring threads, neighbouring channels, then columns.
// Workgroup (x, h, n) belongs to row h of image n.

import package::common::divide::divide;
import package::common::lanes::Lanes;
import package::common::windows::windows_over_pixel;

struct Params {
  image: vec2u, // H, W
  output: vec2u, // P, Q
  window: vec2u, // R, S
  strides: vec2u,
  padding: vec2u, // top, left
  channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Lanes>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read_write> dx: array<Lanes>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = wid.x * 64u + lid;
  if (i >= params.image.y * params.channels) { return; }
  let w = divide(i, params.channels);
  let c = i - w * params.channels;
  let place = vec2u(wid.y, w) + params.padding;
  let rows = windows_over_pixel(wid.y, params.padding.x, params.window.x, params.strides.x, params.output.x);
  let columns = windows_over_pixel(w, params.padding.y, params.window.y, params.strides.y, params.output.y);
  var sum = Lanes(0.0);
  for (var p = rows.x; p < rows.y; p++) {
    var at = ((wid.z * params.output.x + p) * params.output.y + columns.x) * params.channels + c;
    var tap = (place.x - p * params.strides.x) * params.window.y + place.y - columns.x * params.strides.y;
    for (var q = columns.x; q < columns.y; q++) {
      @if(vec4) {
        let found = (vec4u(places[at]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
        sum += select(vec4f(0.0), dy[at], found == vec4u(tap));
      }
      @else { sum += select(0.0, dy[at], places[at] == tap); }
      at += params.channels;
      tap -= params.strides.y;
    }
  }
  dx[(wid.z * params.image.x + wid.y) * params.image.y * params.channels + i] = sum;
}
