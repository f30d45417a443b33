// Depthwise convolution 7x7, stride 2, data gradient: dx[n,i,j,c] = sum of dy[n,p,q,c] * w[r,s,c] over r, s
// with i = 2p - pad_top + r, j = 2q - pad_left + s; one output per channel, C >= 4. dy [N,P,Q,C],
// w [7,7,C,1], dx [N,H,W,C]. A thread computes 4 channels x 4 columns, down rows_per_strip pairs of input
// rows, by parity of i + pad_top and j + pad_left, so that no tap is wasted; each row of dy is read once,
// sums of unfinished rows stay in registers. Thread id = ((n * row strips + row strip) * column tiles +
// column tile) * ceil(C/4) + channel block.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::lanes::{Stored, lane_start, lanes_of};
import package::common::pick::pick4;
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
  rows_per_strip: u32, // in pairs of rows
  row_strips: u32, // ceil(ceil((in_h + pad_top) / 2) / rows_per_strip)
  column_tiles: u32, // ceil((in_w + pad_left) / 4)
  taps: u32, // 49: a uniform, so that compilers keep the loop over the weights rolled
  four: u32, // 4, likewise for the loop of stores
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Stored>;
@group(0) @binding(2) var<storage, read> w: array<Stored>;
@group(0) @binding(3) var<storage, read_write> dx: array<Stored>;

fn load_dy(row_at: u32, row_inside: bool, q: u32, c: u32) -> vec4f {
  let inside = row_inside & (q < params.out_w);
  let at = select(c, (row_at + q) * params.channels + c, inside);
  @if(overlap) let value = vec4f(dy[at], dy[at + 1u], dy[at + 2u], dy[at + 3u]);
  @if(!overlap) let value = dy[at];
  return select(vec4f(), value, inside);
}

fn load_w(tap: u32, c: u32) -> vec4f {
  let at = tap * params.channels + c;
  @if(overlap) return vec4f(w[at], w[at + 1u], w[at + 2u], w[at + 3u]);
  @if(!overlap) return w[at];
}

fn store(image: u32, i: u32, j: u32, c: u32, value: vec4f) {
  if ((i < params.in_h) & (j < params.in_w)) {
    let at = ((image + i) * params.in_w + j) * params.channels + c;
    @if(!overlap) { dx[at] = value; }
    @if(overlap) {
      dx[at] = value.x;
      dx[at + 1u] = value.y;
      dx[at + 2u] = value.z;
      dx[at + 3u] = value.w;
    }
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
  let pair = (tile - strip * params.column_tiles) * 2u;
  let n = divide(strip, params.row_strips);
  if (n >= params.batch) {
    return;
  }
  let first = (strip - n * params.row_strips) * params.rows_per_strip;
  let end = first + params.rows_per_strip;
  let image = n * params.in_h;
  let j = pair * 2u - params.pad_left; // wraps below 0: not stored
  let columns = min(params.four, params.in_w + params.pad_left - pair * 2u);
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
  // Unfinished sums of the even (e) and odd (o) rows to come.
  var e00 = vec4f();
  var e01 = vec4f();
  var e02 = vec4f();
  var e03 = vec4f();
  var e10 = vec4f();
  var e11 = vec4f();
  var e12 = vec4f();
  var e13 = vec4f();
  var e20 = vec4f();
  var e21 = vec4f();
  var e22 = vec4f();
  var e23 = vec4f();
  var o00 = vec4f();
  var o01 = vec4f();
  var o02 = vec4f();
  var o03 = vec4f();
  var o10 = vec4f();
  var o11 = vec4f();
  var o12 = vec4f();
  var o13 = vec4f();

  for (var turn = 0u; turn < params.rows_per_strip + 3u; turn++) {
    let p = first + turn - 3u; // wraps below 0: outside
    let row_at = (n * params.out_h + p) * params.out_w;
    let inside = p < params.out_h;
    let d0 = load_dy(row_at, inside, pair - 3u, c);
    let d1 = load_dy(row_at, inside, pair - 2u, c);
    let d2 = load_dy(row_at, inside, pair - 1u, c);
    let d3 = load_dy(row_at, inside, pair, c);
    let d4 = load_dy(row_at, inside, pair + 1u, c);
    if (turn >= 3u) {
      let i = p * 2u - params.pad_top;
      let even0 = e00 + d3 * w00 + d2 * w02 + d1 * w04 + d0 * w06;
      let even1 = e01 + d3 * w01 + d2 * w03 + d1 * w05;
      let even2 = e02 + d4 * w00 + d3 * w02 + d2 * w04 + d1 * w06;
      let even3 = e03 + d4 * w01 + d3 * w03 + d2 * w05;
      let odd0 = o00 + d3 * w10 + d2 * w12 + d1 * w14 + d0 * w16;
      let odd1 = o01 + d3 * w11 + d2 * w13 + d1 * w15;
      let odd2 = o02 + d4 * w10 + d3 * w12 + d2 * w14 + d1 * w16;
      let odd3 = o03 + d4 * w11 + d3 * w13 + d2 * w15;
      for (var v = 0u; v < columns; v++) {
        store(image, i, j + v, c, pick4(v, even0, even1, even2, even3));
        store(image, i + 1u, j + v, c, pick4(v, odd0, odd1, odd2, odd3));
      }
    }
    e00 = e10 + d3 * w20 + d2 * w22 + d1 * w24 + d0 * w26;
    e01 = e11 + d3 * w21 + d2 * w23 + d1 * w25;
    e02 = e12 + d4 * w20 + d3 * w22 + d2 * w24 + d1 * w26;
    e03 = e13 + d4 * w21 + d3 * w23 + d2 * w25;
    e10 = e20 + d3 * w40 + d2 * w42 + d1 * w44 + d0 * w46;
    e11 = e21 + d3 * w41 + d2 * w43 + d1 * w45;
    e12 = e22 + d4 * w40 + d3 * w42 + d2 * w44 + d1 * w46;
    e13 = e23 + d4 * w41 + d3 * w43 + d2 * w45;
    e20 = d3 * w60 + d2 * w62 + d1 * w64 + d0 * w66;
    e21 = d3 * w61 + d2 * w63 + d1 * w65;
    e22 = d4 * w60 + d3 * w62 + d2 * w64 + d1 * w66;
    e23 = d4 * w61 + d3 * w63 + d2 * w65;
    o00 = o10 + d3 * w30 + d2 * w32 + d1 * w34 + d0 * w36;
    o01 = o11 + d3 * w31 + d2 * w33 + d1 * w35;
    o02 = o12 + d4 * w30 + d3 * w32 + d2 * w34 + d1 * w36;
    o03 = o13 + d4 * w31 + d3 * w33 + d2 * w35;
    o10 = d3 * w50 + d2 * w52 + d1 * w54 + d0 * w56;
    o11 = d3 * w51 + d2 * w53 + d1 * w55;
    o12 = d4 * w50 + d3 * w52 + d2 * w54 + d1 * w56;
    o13 = d4 * w51 + d3 * w53 + d2 * w55;
  }
}
