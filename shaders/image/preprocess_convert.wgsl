// y[i,c] = scale_c * x[i,c] + offset_c; the channels are reversed first if `reversed` is 1 (RGB to BGR). x [pixels, 3]
// bytes, four to a word, y [pixels, 3].
// A thread converts 4 pixels: three words to twelve values. Condition `vec4`: pixels is a multiple of 4.

import package::common::indexing::flat_workgroup;
import package::common::lanes::Lanes;

struct Params { pixels: u32, reversed: u32, scale: vec3f, offset: vec3f }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bytes: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<Lanes>;

fn converted(r: u32, g: u32, b: u32) -> vec3f {
  let rgb = vec3f(vec3u(r, g, b) & vec3u(255u));
  return select(rgb, rgb.zyx, params.reversed == 1u) * params.scale + params.offset;
}

@if(!vec4)
fn store(pixel: u32, value: vec3f) {
  if (pixel >= params.pixels) { return; }
  y[pixel * 3u] = value.x;
  y[pixel * 3u + 1u] = value.y;
  y[pixel * 3u + 2u] = value.z;
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lid: u32,
) {
  let first = flat_workgroup(wid, nwg) * 64u + lid; // in groups of four pixels
  if (first * 4u >= params.pixels) { return; }
  let last_word = (params.pixels * 3u - 1u) / 4u;
  let u = bytes[first * 3u];
  let v = bytes[min(first * 3u + 1u, last_word)];
  let w = bytes[min(first * 3u + 2u, last_word)];
  let p0 = converted(u, u >> 8u, u >> 16u);
  let p1 = converted(u >> 24u, v, v >> 8u);
  let p2 = converted(v >> 16u, v >> 24u, w);
  let p3 = converted(w >> 8u, w >> 16u, w >> 24u);
  @if(vec4) {
    y[first * 3u] = vec4f(p0, p1.x);
    y[first * 3u + 1u] = vec4f(p1.yz, p2.xy);
    y[first * 3u + 2u] = vec4f(p2.z, p3);
  }
  @else {
    store(first * 4u, p0);
    store(first * 4u + 1u, p1);
    store(first * 4u + 2u, p2);
    store(first * 4u + 3u, p3);
  }
}
