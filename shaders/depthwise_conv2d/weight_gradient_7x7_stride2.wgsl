// Depthwise convolution 7x7, stride 2, weight gradient: dw[r,s,c] = sum_npq x[n, 2*p - pad_top + r, 2*q -
// pad_left + s, c] * dy[n,p,q,c] for one output per channel, C >= 4, as partial sums [splits][7,7,C]: with
// splits = 1 that is dw itself, else reduce/sum_partials adds them. x [N,H,W,C], dy [N,P,Q,C]. A thread sums
// 4 channels x all taps over its part of the strips; a strip is 2 columns of dy down rows_per_strip rows;
// each row of x is read once, the 3 dy rows above stay in registers. Thread id = split * ceil(C/4) + channel block.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::lanes::{Stored, lane_start, lanes_of};
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
  splits: u32, // at most N * row_strips * column_tiles
  taps: u32, // 49: a uniform, so that compilers keep the loop over the results rolled
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read> dy: array<Stored>;
@group(0) @binding(3) var<storage, read_write> partials: array<Stored>;

fn load_x(row_at: u32, row_inside: bool, j: u32, c: u32) -> vec4f {
  let inside = row_inside & (j < params.in_w);
  let at = select(c, (row_at + j) * params.channels + c, inside);
  @if(overlap) let value = vec4f(x[at], x[at + 1u], x[at + 2u], x[at + 3u]);
  @if(!overlap) let value = x[at];
  return select(vec4f(), value, inside);
}

fn load_dy(row_at: u32, row_inside: bool, q: u32, c: u32) -> vec4f {
  let inside = row_inside & (q < params.out_w);
  let at = select(c, (row_at + q) * params.channels + c, inside);
  @if(overlap) let value = vec4f(dy[at], dy[at + 1u], dy[at + 2u], dy[at + 3u]);
  @if(!overlap) let value = dy[at];
  return select(vec4f(), value, inside);
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let id = flat_workgroup(workgroup, workgroups) * THREADS + thread;
  let lanes = lanes_of(params.channels);
  let split = divide(id, lanes);
  let c = lane_start(id - split * lanes, params.channels);
  if (split >= params.splits) {
    return;
  }
  var a00 = vec4f();
  var a01 = vec4f();
  var a02 = vec4f();
  var a03 = vec4f();
  var a04 = vec4f();
  var a05 = vec4f();
  var a06 = vec4f();
  var a10 = vec4f();
  var a11 = vec4f();
  var a12 = vec4f();
  var a13 = vec4f();
  var a14 = vec4f();
  var a15 = vec4f();
  var a16 = vec4f();
  var a20 = vec4f();
  var a21 = vec4f();
  var a22 = vec4f();
  var a23 = vec4f();
  var a24 = vec4f();
  var a25 = vec4f();
  var a26 = vec4f();
  var a30 = vec4f();
  var a31 = vec4f();
  var a32 = vec4f();
  var a33 = vec4f();
  var a34 = vec4f();
  var a35 = vec4f();
  var a36 = vec4f();
  var a40 = vec4f();
  var a41 = vec4f();
  var a42 = vec4f();
  var a43 = vec4f();
  var a44 = vec4f();
  var a45 = vec4f();
  var a46 = vec4f();
  var a50 = vec4f();
  var a51 = vec4f();
  var a52 = vec4f();
  var a53 = vec4f();
  var a54 = vec4f();
  var a55 = vec4f();
  var a56 = vec4f();
  var a60 = vec4f();
  var a61 = vec4f();
  var a62 = vec4f();
  var a63 = vec4f();
  var a64 = vec4f();
  var a65 = vec4f();
  var a66 = vec4f();
  let strips = params.batch * params.row_strips * params.column_tiles;
  let strips_per_split = divide(strips + params.splits - 1u, params.splits);
  let strip_end = min((split + 1u) * strips_per_split, strips);
  for (var strip = split * strips_per_split; strip < strip_end; strip++) {
    let row_strip = divide(strip, params.column_tiles);
    let q = (strip - row_strip * params.column_tiles) * 2u;
    let n = divide(row_strip, params.row_strips);
    let p_first = (row_strip - n * params.row_strips) * params.rows_per_strip;
    let p_end = min(p_first + params.rows_per_strip, params.out_h);
    let left = q * 2u - params.pad_left; // wraps below 0: outside the image
    // dy of the rows above: h<k><column> is k rows up.
    var h10 = vec4f();
    var h11 = vec4f();
    var h20 = vec4f();
    var h21 = vec4f();
    var h30 = vec4f();
    var h31 = vec4f();
    for (var p = p_first; p < p_end + 3u; p++) {
      let dy_at = (n * params.out_h + p) * params.out_w;
      let dy_inside = p < p_end;
      let d0 = load_dy(dy_at, dy_inside, q, c);
      let d1 = load_dy(dy_at, dy_inside, q + 1u, c);
      let i = p * 2u - params.pad_top;
      let row_at = (n * params.in_h + i) * params.in_w;
      let inside = i < params.in_h;
      let x0 = load_x(row_at, inside, left, c);
      let x1 = load_x(row_at, inside, left + 1u, c);
      let x2 = load_x(row_at, inside, left + 2u, c);
      let x3 = load_x(row_at, inside, left + 3u, c);
      let x4 = load_x(row_at, inside, left + 4u, c);
      let x5 = load_x(row_at, inside, left + 5u, c);
      let x6 = load_x(row_at, inside, left + 6u, c);
      let x7 = load_x(row_at, inside, left + 7u, c);
      let x8 = load_x(row_at, inside, left + 8u, c);
      a00 += d0 * x0 + d1 * x2;
      a01 += d0 * x1 + d1 * x3;
      a02 += d0 * x2 + d1 * x4;
      a03 += d0 * x3 + d1 * x5;
      a04 += d0 * x4 + d1 * x6;
      a05 += d0 * x5 + d1 * x7;
      a06 += d0 * x6 + d1 * x8;
      a20 += h10 * x0 + h11 * x2;
      a21 += h10 * x1 + h11 * x3;
      a22 += h10 * x2 + h11 * x4;
      a23 += h10 * x3 + h11 * x5;
      a24 += h10 * x4 + h11 * x6;
      a25 += h10 * x5 + h11 * x7;
      a26 += h10 * x6 + h11 * x8;
      a40 += h20 * x0 + h21 * x2;
      a41 += h20 * x1 + h21 * x3;
      a42 += h20 * x2 + h21 * x4;
      a43 += h20 * x3 + h21 * x5;
      a44 += h20 * x4 + h21 * x6;
      a45 += h20 * x5 + h21 * x7;
      a46 += h20 * x6 + h21 * x8;
      a60 += h30 * x0 + h31 * x2;
      a61 += h30 * x1 + h31 * x3;
      a62 += h30 * x2 + h31 * x4;
      a63 += h30 * x3 + h31 * x5;
      a64 += h30 * x4 + h31 * x6;
      a65 += h30 * x5 + h31 * x7;
      a66 += h30 * x6 + h31 * x8;
      let odd_inside = i + 1u < params.in_h;
      let z0 = load_x(row_at + params.in_w, odd_inside, left, c);
      let z1 = load_x(row_at + params.in_w, odd_inside, left + 1u, c);
      let z2 = load_x(row_at + params.in_w, odd_inside, left + 2u, c);
      let z3 = load_x(row_at + params.in_w, odd_inside, left + 3u, c);
      let z4 = load_x(row_at + params.in_w, odd_inside, left + 4u, c);
      let z5 = load_x(row_at + params.in_w, odd_inside, left + 5u, c);
      let z6 = load_x(row_at + params.in_w, odd_inside, left + 6u, c);
      let z7 = load_x(row_at + params.in_w, odd_inside, left + 7u, c);
      let z8 = load_x(row_at + params.in_w, odd_inside, left + 8u, c);
      a10 += d0 * z0 + d1 * z2;
      a11 += d0 * z1 + d1 * z3;
      a12 += d0 * z2 + d1 * z4;
      a13 += d0 * z3 + d1 * z5;
      a14 += d0 * z4 + d1 * z6;
      a15 += d0 * z5 + d1 * z7;
      a16 += d0 * z6 + d1 * z8;
      a30 += h10 * z0 + h11 * z2;
      a31 += h10 * z1 + h11 * z3;
      a32 += h10 * z2 + h11 * z4;
      a33 += h10 * z3 + h11 * z5;
      a34 += h10 * z4 + h11 * z6;
      a35 += h10 * z5 + h11 * z7;
      a36 += h10 * z6 + h11 * z8;
      a50 += h20 * z0 + h21 * z2;
      a51 += h20 * z1 + h21 * z3;
      a52 += h20 * z2 + h21 * z4;
      a53 += h20 * z3 + h21 * z5;
      a54 += h20 * z4 + h21 * z6;
      a55 += h20 * z5 + h21 * z7;
      a56 += h20 * z6 + h21 * z8;
      h30 = h20;
      h31 = h21;
      h20 = h10;
      h21 = h11;
      h10 = d0;
      h11 = d1;
    }
  }
  for (var tap = 0u; tap < params.taps; tap++) {
    var v = a00;
    v = select(v, a01, tap == 1u);
    v = select(v, a02, tap == 2u);
    v = select(v, a03, tap == 3u);
    v = select(v, a04, tap == 4u);
    v = select(v, a05, tap == 5u);
    v = select(v, a06, tap == 6u);
    v = select(v, a10, tap == 7u);
    v = select(v, a11, tap == 8u);
    v = select(v, a12, tap == 9u);
    v = select(v, a13, tap == 10u);
    v = select(v, a14, tap == 11u);
    v = select(v, a15, tap == 12u);
    v = select(v, a16, tap == 13u);
    v = select(v, a20, tap == 14u);
    v = select(v, a21, tap == 15u);
    v = select(v, a22, tap == 16u);
    v = select(v, a23, tap == 17u);
    v = select(v, a24, tap == 18u);
    v = select(v, a25, tap == 19u);
    v = select(v, a26, tap == 20u);
    v = select(v, a30, tap == 21u);
    v = select(v, a31, tap == 22u);
    v = select(v, a32, tap == 23u);
    v = select(v, a33, tap == 24u);
    v = select(v, a34, tap == 25u);
    v = select(v, a35, tap == 26u);
    v = select(v, a36, tap == 27u);
    v = select(v, a40, tap == 28u);
    v = select(v, a41, tap == 29u);
    v = select(v, a42, tap == 30u);
    v = select(v, a43, tap == 31u);
    v = select(v, a44, tap == 32u);
    v = select(v, a45, tap == 33u);
    v = select(v, a46, tap == 34u);
    v = select(v, a50, tap == 35u);
    v = select(v, a51, tap == 36u);
    v = select(v, a52, tap == 37u);
    v = select(v, a53, tap == 38u);
    v = select(v, a54, tap == 39u);
    v = select(v, a55, tap == 40u);
    v = select(v, a56, tap == 41u);
    v = select(v, a60, tap == 42u);
    v = select(v, a61, tap == 43u);
    v = select(v, a62, tap == 44u);
    v = select(v, a63, tap == 45u);
    v = select(v, a64, tap == 46u);
    v = select(v, a65, tap == 47u);
    v = select(v, a66, tap == 48u);
    let at = (split * 49u + tap) * params.channels + c;
    @if(!overlap) { partials[at] = v; }
    @if(overlap) {
      partials[at] = v.x;
      partials[at + 1u] = v.y;
      partials[at + 2u] = v.z;
      partials[at + 3u] = v.w;
    }
  }
}
