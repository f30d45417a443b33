// y[n,p,q,c] = x[n, p + dp, q + dq, c], or 0 if that lies outside x: crops (dp, dq >= 0) or pads with zeros (<= 0); x
// [N, H, W, C], y [N, P, Q, C], channels counted in lanes. A thread computes 4 neighbouring columns of one lane of y;
// neighbouring threads handle neighbouring channels. Workgroup (x, p, n) belongs to row p of image n.

import package::common::divide::divide;
import package::common::lanes::Lanes;

struct Params {
  image: vec2u, // H, W
  output: vec2u, // P, Q
  shift: vec2i, // dp, dq
  channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Lanes>;
@group(0) @binding(2) var<storage, read_write> y: array<Lanes>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = wid.x * 64u + lid;
  let run = divide(i, params.channels);
  let c = i - run * params.channels;
  let h = i32(wid.y) + params.shift.x;
  let is_row_inside = h >= 0 && h < i32(params.image.x);
  let x_row = (wid.z * params.image.x + u32(max(h, 0))) * params.image.y;
  let y_row = (wid.z * params.output.x + wid.y) * params.output.y;
  for (var k = 0u; k < 4u; k++) {
    let q = run * 4u + k;
    if (q < params.output.y) {
      let w = i32(q) + params.shift.y;
      var value = Lanes(0.0);
      if (is_row_inside && w >= 0 && w < i32(params.image.y)) { value = x[(x_row + u32(w)) * params.channels + c]; }
      y[(y_row + q) * params.channels + c] = value;
    }
  }
}
