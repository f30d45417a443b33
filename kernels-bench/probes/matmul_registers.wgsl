// A matrix product for the ceiling of software adapters: c = a · b, square matrices of SIZE, row-major. A thread
// computes 8 x 8 elements in sixteen named vec4s, four values of k per iteration, without workgroup memory. SIZE must
// be a multiple of 32.

import constants::SIZE;

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;

@compute @workgroup_size(4, 4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let width = SIZE / 4u;
  let row = id.y * 8u;
  let column = id.x * 2u;
  var c00 = vec4f(); var c01 = vec4f();
  var c10 = vec4f(); var c11 = vec4f();
  var c20 = vec4f(); var c21 = vec4f();
  var c30 = vec4f(); var c31 = vec4f();
  var c40 = vec4f(); var c41 = vec4f();
  var c50 = vec4f(); var c51 = vec4f();
  var c60 = vec4f(); var c61 = vec4f();
  var c70 = vec4f(); var c71 = vec4f();
  for (var k = 0u; k < SIZE / 4u; k++) {
    let at = row * width + k;
    let a0 = a[at];
    let a1 = a[at + width];
    let a2 = a[at + 2u * width];
    let a3 = a[at + 3u * width];
    let a4 = a[at + 4u * width];
    let a5 = a[at + 5u * width];
    let a6 = a[at + 6u * width];
    let a7 = a[at + 7u * width];
    let first = 4u * k * width + column;
    var left = b[first];
    var right = b[first + 1u];
    c00 += a0.x * left; c01 += a0.x * right; c10 += a1.x * left; c11 += a1.x * right;
    c20 += a2.x * left; c21 += a2.x * right; c30 += a3.x * left; c31 += a3.x * right;
    c40 += a4.x * left; c41 += a4.x * right; c50 += a5.x * left; c51 += a5.x * right;
    c60 += a6.x * left; c61 += a6.x * right; c70 += a7.x * left; c71 += a7.x * right;
    left = b[first + width];
    right = b[first + width + 1u];
    c00 += a0.y * left; c01 += a0.y * right; c10 += a1.y * left; c11 += a1.y * right;
    c20 += a2.y * left; c21 += a2.y * right; c30 += a3.y * left; c31 += a3.y * right;
    c40 += a4.y * left; c41 += a4.y * right; c50 += a5.y * left; c51 += a5.y * right;
    c60 += a6.y * left; c61 += a6.y * right; c70 += a7.y * left; c71 += a7.y * right;
    left = b[first + 2u * width];
    right = b[first + 2u * width + 1u];
    c00 += a0.z * left; c01 += a0.z * right; c10 += a1.z * left; c11 += a1.z * right;
    c20 += a2.z * left; c21 += a2.z * right; c30 += a3.z * left; c31 += a3.z * right;
    c40 += a4.z * left; c41 += a4.z * right; c50 += a5.z * left; c51 += a5.z * right;
    c60 += a6.z * left; c61 += a6.z * right; c70 += a7.z * left; c71 += a7.z * right;
    left = b[first + 3u * width];
    right = b[first + 3u * width + 1u];
    c00 += a0.w * left; c01 += a0.w * right; c10 += a1.w * left; c11 += a1.w * right;
    c20 += a2.w * left; c21 += a2.w * right; c30 += a3.w * left; c31 += a3.w * right;
    c40 += a4.w * left; c41 += a4.w * right; c50 += a5.w * left; c51 += a5.w * right;
    c60 += a6.w * left; c61 += a6.w * right; c70 += a7.w * left; c71 += a7.w * right;
  }
  let to = row * width + column;
  c[to] = c00; c[to + 1u] = c01;
  c[to + width] = c10; c[to + width + 1u] = c11;
  c[to + 2u * width] = c20; c[to + 2u * width + 1u] = c21;
  c[to + 3u * width] = c30; c[to + 3u * width + 1u] = c31;
  c[to + 4u * width] = c40; c[to + 4u * width + 1u] = c41;
  c[to + 5u * width] = c50; c[to + 5u * width + 1u] = c51;
  c[to + 6u * width] = c60; c[to + 6u * width + 1u] = c61;
  c[to + 7u * width] = c70; c[to + 7u * width + 1u] = c71;
}
