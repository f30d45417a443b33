// dx[n,h,w,c] = sum over (p, q) of dy[n,p,q,c] times the weight of pixel (h, w) in y[n,p,q,c]. The weight is (1 - |row
// - h|) (1 - |column - w|) if both factors are positive, with (row, column) the position of (p, q) as in
// resize_bilinear_forward.wgsl; dy [N, P, Q, C], dx [N, H, W, C], channels counted in lanes. A thread computes one lane
// of dx; neighbouring threads handle neighbouring channels, then columns. Workgroup (x, h, n) belongs to row h of image
// n.

import package::common::divide::divide;
import package::common::lanes::Lanes;

struct Params {
  image: vec2u, // H, W
  output: vec2u, // P, Q
  step: vec2i,
  first: vec2i,
  unit: vec2i,
  channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Lanes>;
@group(0) @binding(2) var<storage, read_write> dx: array<Lanes>;

/// The outputs (first, end) along an axis whose position may be less than one pixel from `pixel`.
fn outputs_near(pixel: i32, pixels: i32, outputs: i32, step: i32, first: i32, unit: i32) -> vec2i {
  // Positions before the image count for its first pixel, positions after it for its last.
  let begin = divide(u32(max((pixel - 1) * unit - first, 0)), u32(step));
  let end = divide(u32(max((pixel + 1) * unit - first, 0)), u32(step)) + 1u;
  return vec2i(select(i32(begin), 0, pixel == 0), select(min(i32(end), outputs), outputs, pixel == pixels - 1));
}

/// The weight of `pixel` at the position of an output along an axis.
fn weight_at(output: i32, pixel: i32, pixels: i32, step: i32, first: i32, unit: i32) -> f32 {
  let place = clamp(output * step + first, 0, (pixels - 1) * unit);
  return f32(max(unit - abs(place - pixel * unit), 0)) / f32(unit);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = wid.x * 64u + lid;
  if (i >= params.image.y * params.channels) { return; }
  let w = divide(i, params.channels);
  let c = i - w * params.channels;
  let pixel = vec2i(vec2u(wid.y, w));
  let image = vec2i(params.image);
  let output = vec2i(params.output);
  let rows = outputs_near(pixel.x, image.x, output.x, params.step.x, params.first.x, params.unit.x);
  let columns = outputs_near(pixel.y, image.y, output.y, params.step.y, params.first.y, params.unit.y);
  var sum = Lanes(0.0);
  for (var p = rows.x; p < rows.y; p++) {
    let row_weight = weight_at(p, pixel.x, image.x, params.step.x, params.first.x, params.unit.x);
    var along_row = Lanes(0.0);
    var at = ((wid.z * params.output.x + u32(p)) * params.output.y + u32(columns.x)) * params.channels + c;
    for (var q = columns.x; q < columns.y; q++) {
      along_row += weight_at(q, pixel.y, image.y, params.step.y, params.first.y, params.unit.y) * dy[at];
      at += params.channels;
    }
    sum += row_weight * along_row;
  }
  dx[(wid.z * params.image.x + wid.y) * params.image.y * params.channels + i] = sum;
}
