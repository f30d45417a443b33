// y[n,p,q,c] = the bilinear sample of x[n,:,:,c] at row (p step + first) / unit, columns likewise, positions outside
// clamped to the edge; x [N, H, W, C], y [N, P, Q, C], channels counted in lanes. Positions are integer multiples of 1
// / unit, so that they and their taps are exact. A thread computes one lane of y; neighbouring threads handle
// neighbouring channels, then columns. Workgroup (x, p, n) belongs to row p of image n.

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
@group(0) @binding(1) var<storage, read> x: array<Lanes>;
@group(0) @binding(2) var<storage, read_write> y: array<Lanes>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = wid.x * 64u + lid;
  if (i >= params.output.y * params.channels) { return; }
  let q = divide(i, params.channels);
  let c = i - q * params.channels;
  let last = vec2i(params.image) - 1;
  let place = clamp(vec2i(vec2u(wid.y, q)) * params.step + params.first, vec2i(0), last * params.unit);
  let low = vec2u(divide(u32(place.x), u32(params.unit.x)), divide(u32(place.y), u32(params.unit.y)));
  let high = min(low + 1u, vec2u(last));
  let part = vec2f(place - vec2i(low) * params.unit) / vec2f(params.unit);
  let row0 = (wid.z * params.image.x + low.x) * params.image.y;
  let row1 = (wid.z * params.image.x + high.x) * params.image.y;
  let upper = mix(x[(row0 + low.y) * params.channels + c], x[(row0 + high.y) * params.channels + c], part.y);
  let lower = mix(x[(row1 + low.y) * params.channels + c], x[(row1 + high.y) * params.channels + c], part.y);
  y[(wid.z * params.output.x + wid.y) * params.output.y * params.channels + i] = mix(upper, lower, part.x);
}
