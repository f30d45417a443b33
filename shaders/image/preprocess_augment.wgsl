// One affine warp per image, fused with the conversion from bytes: y[n,p,q,c] = scale_c * s + offset_c, with s the
// bilinear sample of image n at the position that its transform gives for (q, p), clamped to the edge; channels are
// reversed if `reversed` is 1. x [N, H, W, 3] bytes, four to a word, transform [N, 6], y as x. A thread computes one
// pixel; workgroup (x, n) belongs to image n.

import package::common::bilinear::affine_place;
import package::common::bilinear::nearest_taps;

struct Params { height: u32, width: u32, last_word: u32, reversed: u32, scale: vec3f, offset: vec3f }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bytes: array<u32>;
@group(0) @binding(2) var<storage, read> transform: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

/// Three bytes from a byte index on; they lie in one word or in two.
fn pixel_at(index: u32) -> vec3f {
  let at = index * 3u;
  let word = at / 4u;
  let shift = (at % 4u) * 8u;
  let low = bytes[word];
  let high = bytes[min(word + 1u, params.last_word)];
  // WGSL has no shift by 32, hence two steps; with shift 0 only `low` counts.
  let joined = (low >> shift) | ((high << (31u - shift)) << 1u);
  return vec3f(vec3u(joined, joined >> 8u, joined >> 16u) & vec3u(255u));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let pixels = params.height * params.width;
  let pixel = wid.x * 64u + lid;
  if (pixel >= pixels) { return; }
  let t = wid.y * 6u;
  let place = affine_place(
    pixel % params.width,
    pixel / params.width,
    vec3f(transform[t], transform[t + 1u], transform[t + 2u]),
    vec3f(transform[t + 3u], transform[t + 4u], transform[t + 5u]),
  );
  let taps = nearest_taps(place, vec2u(params.width, params.height));
  let row0 = wid.y * pixels + taps.row0 * params.width;
  let row1 = wid.y * pixels + taps.row1 * params.width;
  let sample = taps.weights.x * pixel_at(row0 + taps.column0) + taps.weights.y * pixel_at(row0 + taps.column1) +
    taps.weights.z * pixel_at(row1 + taps.column0) + taps.weights.w * pixel_at(row1 + taps.column1);
  let value = select(sample, sample.zyx, params.reversed == 1u) * params.scale + params.offset;
  let at = (wid.y * pixels + pixel) * 3u;
  y[at] = value.x;
  y[at + 1u] = value.y;
  y[at + 2u] = value.z;
}
