// First pass of the gradient: places[n,p,q,c] = r S + s of the first maximum in the window of y[n,p,q,c], in
// row-major order; x [N, H, W, C], places [N, P, Q, C], channels counted in lanes. Condition `vec4`: the four
// places of a lane are bytes of one word, so windows have at most 256 pixels.
// A thread makes one lane; neighbouring threads, neighbouring channels, then columns.
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
@group(0) @binding(2) var<storage, read_write> places: array<u32>;

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
  var place = Lanes(f32((i32(rows.x) - start.x) * i32(params.window.y) + i32(columns.x) - start.y));
  for (var h = rows.x; h < rows.y; h++) {
    var at = ((image_row + h) * params.image.y + columns.x) * params.channels + c;
    var tap = f32((i32(h) - start.x) * i32(params.window.y) + i32(columns.x) - start.y);
    for (var w = columns.x; w < columns.y; w++) {
      let value = x[at];
      place = select(place, Lanes(tap), value > best);
      best = max(best, value);
      at += params.channels;
      tap += 1.0;
    }
  }
  let output = (wid.z * params.output.x + wid.y) * params.output.y * params.channels + i;
  @if(vec4) {
    let bytes = vec4u(place) << vec4u(0u, 8u, 16u, 24u);
    places[output] = bytes.x | bytes.y | bytes.z | bytes.w;
  }
  @else { places[output] = u32(place); }
}
