// Depthwise convolution 7x7, stride 2: y[n,p,q,c] = act(b[c] + sum_rs x[n, 2*p - pad_top + r, 2*q - pad_left
// + s, c] * w[r,s,c]) for one output per channel and C >= 4. x [N,H,W,C], w [7,7,C,1], b [C], y
// [N,P,Q,C]. A thread computes 4 channels x 2 neighbouring columns, down rows_per_strip output rows: each
// input row is read once, and the sums of the 3 unfinished output rows stay in registers. Thread id = ((n *
// row strips + row strip) * column tiles + column tile) * ceil(C/4) + channel block.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::lanes::{Stored, lane_start, lanes_of};
import package::common::activation::activate;
import constants::THREADS;

struct Params {
  batch: u32,
  in_h: u32,
  in_w: u32,
  channels: u32, // C, in units of four where they do not overlap
  out_h: u32,
  out_w: u32,
  pad_top: u32,
  pad_left: u32,
  rows_per_strip: u32,
  row_strips: u32, // ceil(out_h / rows_per_strip)
  column_tiles: u32, // ceil(out_w / 2)
  taps: u32, // 49: a uniform, so that compilers keep the loop over the weights rolled
  has_bias: u32, // 0: b is not read
  activation: u32, // see common/activation
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read> w: array<Stored>;
@group(0) @binding(3) var<storage, read> b: array<Stored>;
@group(0) @binding(4) var<storage, read_write> y: array<Stored>;

fn load_x(row_at: u32, row_inside: bool, j: u32, c: u32) -> vec4f {
  let inside = row_inside & (j < params.in_w);
  let at = select(c, (row_at + j) * params.channels + c, inside);
  @if(overlap) let value = vec4f(x[at], x[at + 1u], x[at + 2u], x[at + 3u]);
  @if(!overlap) let value = x[at];
  return select(vec4f(), value, inside);
}

fn load_w(tap: u32, c: u32) -> vec4f {
  let at = tap * params.channels + c;
  @if(overlap) return vec4f(w[at], w[at + 1u], w[at + 2u], w[at + 3u]);
  @if(!overlap) return w[at];
}

fn store(row: u32, q: u32, c: u32, sum: vec4f) {
  let at = (row * params.out_w + q) * params.channels + c;
  let value = activate(sum, params.activation);
  @if(!overlap) { y[at] = value; }
  @if(overlap) {
    y[at] = value.x;
    y[at + 1u] = value.y;
    y[at + 2u] = value.z;
    y[at + 3u] = value.w;
  }
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let id = flat_workgroup(workgroup, workgroups) * THREADS + thread;
  let lanes = lanes_of(params.channels);
  let tile = divide(id, lanes);
  let c = lane_start(id - tile * lanes, params.channels);
  let strip = divide(tile, params.column_tiles);
  let q = (tile - strip * params.column_tiles) * 2u;
  let n = divide(strip, params.row_strips);
  if (n >= params.batch) {
    return;
  }
  let p_first = (strip - n * params.row_strips) * params.rows_per_strip;
  let p_end = min(p_first + params.rows_per_strip, params.out_h);
  let left = q * 2u - params.pad_left; // wraps below 0: outside the image
  var w00 = vec4f();
  var w01 = vec4f();
  var w02 = vec4f();
  var w03 = vec4f();
  var w04 = vec4f();
  var w05 = vec4f();
  var w06 = vec4f();
  var w10 = vec4f();
  var w11 = vec4f();
  var w12 = vec4f();
  var w13 = vec4f();
  var w14 = vec4f();
  var w15 = vec4f();
  var w16 = vec4f();
  var w20 = vec4f();
  var w21 = vec4f();
  var w22 = vec4f();
  var w23 = vec4f();
  var w24 = vec4f();
  var w25 = vec4f();
  var w26 = vec4f();
  var w30 = vec4f();
  var w31 = vec4f();
  var w32 = vec4f();
  var w33 = vec4f();
  var w34 = vec4f();
  var w35 = vec4f();
  var w36 = vec4f();
  var w40 = vec4f();
  var w41 = vec4f();
  var w42 = vec4f();
  var w43 = vec4f();
  var w44 = vec4f();
  var w45 = vec4f();
  var w46 = vec4f();
  var w50 = vec4f();
  var w51 = vec4f();
  var w52 = vec4f();
  var w53 = vec4f();
  var w54 = vec4f();
  var w55 = vec4f();
  var w56 = vec4f();
  var w60 = vec4f();
  var w61 = vec4f();
  var w62 = vec4f();
  var w63 = vec4f();
  var w64 = vec4f();
  var w65 = vec4f();
  var w66 = vec4f();
  for (var tap = 0u; tap < params.taps; tap++) {
    let v = load_w(tap, c);
    w00 = select(w00, v, tap == 0u);
    w01 = select(w01, v, tap == 1u);
    w02 = select(w02, v, tap == 2u);
    w03 = select(w03, v, tap == 3u);
    w04 = select(w04, v, tap == 4u);
    w05 = select(w05, v, tap == 5u);
    w06 = select(w06, v, tap == 6u);
    w10 = select(w10, v, tap == 7u);
    w11 = select(w11, v, tap == 8u);
    w12 = select(w12, v, tap == 9u);
    w13 = select(w13, v, tap == 10u);
    w14 = select(w14, v, tap == 11u);
    w15 = select(w15, v, tap == 12u);
    w16 = select(w16, v, tap == 13u);
    w20 = select(w20, v, tap == 14u);
    w21 = select(w21, v, tap == 15u);
    w22 = select(w22, v, tap == 16u);
    w23 = select(w23, v, tap == 17u);
    w24 = select(w24, v, tap == 18u);
    w25 = select(w25, v, tap == 19u);
    w26 = select(w26, v, tap == 20u);
    w30 = select(w30, v, tap == 21u);
    w31 = select(w31, v, tap == 22u);
    w32 = select(w32, v, tap == 23u);
    w33 = select(w33, v, tap == 24u);
    w34 = select(w34, v, tap == 25u);
    w35 = select(w35, v, tap == 26u);
    w36 = select(w36, v, tap == 27u);
    w40 = select(w40, v, tap == 28u);
    w41 = select(w41, v, tap == 29u);
    w42 = select(w42, v, tap == 30u);
    w43 = select(w43, v, tap == 31u);
    w44 = select(w44, v, tap == 32u);
    w45 = select(w45, v, tap == 33u);
    w46 = select(w46, v, tap == 34u);
    w50 = select(w50, v, tap == 35u);
    w51 = select(w51, v, tap == 36u);
    w52 = select(w52, v, tap == 37u);
    w53 = select(w53, v, tap == 38u);
    w54 = select(w54, v, tap == 39u);
    w55 = select(w55, v, tap == 40u);
    w56 = select(w56, v, tap == 41u);
    w60 = select(w60, v, tap == 42u);
    w61 = select(w61, v, tap == 43u);
    w62 = select(w62, v, tap == 44u);
    w63 = select(w63, v, tap == 45u);
    w64 = select(w64, v, tap == 46u);
    w65 = select(w65, v, tap == 47u);
    w66 = select(w66, v, tap == 48u);
  }
  let columns = min(2u, params.out_w - q);
  var bias = vec4f();
  if (params.has_bias != 0u) {
    @if(overlap) bias = vec4f(b[c], b[c + 1u], b[c + 2u], b[c + 3u]);
    @if(!overlap) bias = b[c];
  }
  // Unfinished sums: a<k><column> becomes output row k + 1 rows below the one that this turn finishes.
  var a00 = vec4f();
  var a01 = vec4f();
  var a10 = vec4f();
  var a11 = vec4f();
  var a20 = vec4f();
  var a21 = vec4f();

  for (var row = p_first; row < p_end + 3u; row++) {
    let i = row * 2u - params.pad_top;
    let even_at = (n * params.in_h + i) * params.in_w;
    let even_inside = i < params.in_h;
    let odd_at = even_at + params.in_w;
    let odd_inside = i + 1u < params.in_h;
    let x0 = load_x(even_at, even_inside, left, c);
    let x1 = load_x(even_at, even_inside, left + 1u, c);
    let x2 = load_x(even_at, even_inside, left + 2u, c);
    let x3 = load_x(even_at, even_inside, left + 3u, c);
    let x4 = load_x(even_at, even_inside, left + 4u, c);
    let x5 = load_x(even_at, even_inside, left + 5u, c);
    let x6 = load_x(even_at, even_inside, left + 6u, c);
    let x7 = load_x(even_at, even_inside, left + 7u, c);
    let x8 = load_x(even_at, even_inside, left + 8u, c);
    if (row >= p_first + 3u) {
      let y_row = n * params.out_h + row - 3u;
      let y0 = a00 + bias + x0 * w60 + x1 * w61 + x2 * w62 + x3 * w63 + x4 * w64 + x5 * w65 + x6 * w66;
      let y1 = a01 + bias + x2 * w60 + x3 * w61 + x4 * w62 + x5 * w63 + x6 * w64 + x7 * w65 + x8 * w66;
      for (var p = 0u; p < columns; p++) {
        store(y_row, q + p, c, select(y1, y0, p == 0u));
      }
    }
    let z0 = load_x(odd_at, odd_inside, left, c);
    let z1 = load_x(odd_at, odd_inside, left + 1u, c);
    let z2 = load_x(odd_at, odd_inside, left + 2u, c);
    let z3 = load_x(odd_at, odd_inside, left + 3u, c);
    let z4 = load_x(odd_at, odd_inside, left + 4u, c);
    let z5 = load_x(odd_at, odd_inside, left + 5u, c);
    let z6 = load_x(odd_at, odd_inside, left + 6u, c);
    let z7 = load_x(odd_at, odd_inside, left + 7u, c);
    let z8 = load_x(odd_at, odd_inside, left + 8u, c);
    a00 = a10 + x0 * w40 + x1 * w41 + x2 * w42 + x3 * w43 + x4 * w44 + x5 * w45 + x6 * w46 + z0 * w50 + z1 * w51 + z2 * w52 + z3 * w53 + z4 * w54 + z5 * w55 + z6 * w56;
    a01 = a11 + x2 * w40 + x3 * w41 + x4 * w42 + x5 * w43 + x6 * w44 + x7 * w45 + x8 * w46 + z2 * w50 + z3 * w51 + z4 * w52 + z5 * w53 + z6 * w54 + z7 * w55 + z8 * w56;
    a10 = a20 + x0 * w20 + x1 * w21 + x2 * w22 + x3 * w23 + x4 * w24 + x5 * w25 + x6 * w26 + z0 * w30 + z1 * w31 + z2 * w32 + z3 * w33 + z4 * w34 + z5 * w35 + z6 * w36;
    a11 = a21 + x2 * w20 + x3 * w21 + x4 * w22 + x5 * w23 + x6 * w24 + x7 * w25 + x8 * w26 + z2 * w30 + z3 * w31 + z4 * w32 + z5 * w33 + z6 * w34 + z7 * w35 + z8 * w36;
    a20 = x0 * w00 + x1 * w01 + x2 * w02 + x3 * w03 + x4 * w04 + x5 * w05 + x6 * w06 + z0 * w10 + z1 * w11 + z2 * w12 + z3 * w13 + z4 * w14 + z5 * w15 + z6 * w16;
    a21 = x2 * w00 + x3 * w01 + x4 * w02 + x5 * w03 + x6 * w04 + x7 * w05 + x8 * w06 + z2 * w10 + z3 * w11 + z4 * w12 + z5 * w13 + z6 * w14 + z7 * w15 + z8 * w16;
  }
}
