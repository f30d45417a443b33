// A matrix product for the ceiling of GPUs: c = a · b, square matrices of SIZE, row-major. A workgroup of 16 x 16
// threads computes 128 x 128 elements, 16 values of k per iteration: a's tile is stored transposed in workgroup memory,
// b's as it is. A thread computes 8 x 8 elements in sixteen named vec4s. SIZE must be a multiple of 128.

import constants::SIZE;

const DEPTH = 16u;
const TILE = 128u;
// Padding of one vec4 per row, so that neighbouring rows begin in different banks.
const ROW = 33u;

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;

var<workgroup> rows_of_a: array<f32, 2112>; // DEPTH x 4 ROW
var<workgroup> rows_of_b: array<vec4f, 528>; // DEPTH x ROW

fn store_transposed(column: u32, row: u32, value: vec4f) {
  let at = 4u * column * 4u * ROW + row;
  rows_of_a[at] = value.x;
  rows_of_a[at + 4u * ROW] = value.y;
  rows_of_a[at + 8u * ROW] = value.z;
  rows_of_a[at + 12u * ROW] = value.w;
}

fn four_of_a(at: u32) -> vec4f {
  return vec4f(rows_of_a[at], rows_of_a[at + 1u], rows_of_a[at + 2u], rows_of_a[at + 3u]);
}

@compute @workgroup_size(16, 16)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(local_invocation_id) lid: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let width = SIZE / 4u;
  let first_row = wid.y * TILE;
  let first_column = wid.x * (TILE / 4u);
  var c00 = vec4f(); var c01 = vec4f();
  var c10 = vec4f(); var c11 = vec4f();
  var c20 = vec4f(); var c21 = vec4f();
  var c30 = vec4f(); var c31 = vec4f();
  var c40 = vec4f(); var c41 = vec4f();
  var c50 = vec4f(); var c51 = vec4f();
  var c60 = vec4f(); var c61 = vec4f();
  var c70 = vec4f(); var c71 = vec4f();
  for (var turn = 0u; turn < SIZE / DEPTH; turn++) {
    // 128 rows x 4 vec4s of a and 16 rows x 32 vec4s of b: two of each per thread.
    let a_row = index / 4u;
    let a_column = index % 4u;
    let from_a = (first_row + a_row) * width + turn * (DEPTH / 4u) + a_column;
    store_transposed(a_column, a_row, a[from_a]);
    store_transposed(a_column, a_row + 64u, a[from_a + 64u * width]);
    let b_row = index / 32u;
    let b_column = index % 32u;
    let from_b = (turn * DEPTH + b_row) * width + first_column + b_column;
    rows_of_b[b_row * ROW + b_column] = b[from_b];
    rows_of_b[(b_row + 8u) * ROW + b_column] = b[from_b + 8u * width];
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      let at = k * 4u * ROW + lid.y * 4u;
      let upper = four_of_a(at);
      let lower = four_of_a(at + 64u);
      let left = rows_of_b[k * ROW + lid.x];
      let right = rows_of_b[k * ROW + lid.x + 16u];
      c00 += upper.x * left; c01 += upper.x * right;
      c10 += upper.y * left; c11 += upper.y * right;
      c20 += upper.z * left; c21 += upper.z * right;
      c30 += upper.w * left; c31 += upper.w * right;
      c40 += lower.x * left; c41 += lower.x * right;
      c50 += lower.y * left; c51 += lower.y * right;
      c60 += lower.z * left; c61 += lower.z * right;
      c70 += lower.w * left; c71 += lower.w * right;
    }
    workgroupBarrier();
  }
  let to = (first_row + lid.y * 4u) * width + first_column + lid.x;
  c[to] = c00; c[to + 16u] = c01;
  c[to + width] = c10; c[to + width + 16u] = c11;
  c[to + 2u * width] = c20; c[to + 2u * width + 16u] = c21;
  c[to + 3u * width] = c30; c[to + 3u * width + 16u] = c31;
  let below = to + 64u * width;
  c[below] = c40; c[below + 16u] = c41;
  c[below + width] = c50; c[below + width + 16u] = c51;
  c[below + 2u * width] = c60; c[below + 2u * width + 16u] = c61;
  c[below + 3u * width] = c70; c[below + 3u * width + 16u] = c71;
}
