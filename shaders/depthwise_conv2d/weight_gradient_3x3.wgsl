// Depthwise convolution 3x3, stride 1, weight gradient: dw[r,s,c] = sum_npq x[n, p - pad_top + r, q -
// pad_left + s, c] * dy[n,p,q,c] for one output per channel, C >= 4, as partial sums [splits][3,3,C]: with
// splits = 1 that is dw itself, else reduce/sum_partials adds them. x [N,H,W,C], dy [N,P,Q,C]. A thread sums
// 4 channels x all taps over its part of the strips; a strip is 4 columns of dy down rows_per_strip rows;
// each row of x is read once, the 2 dy rows above stay in registers. Thread id = split * ceil(C/4) + channel block.

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
  column_tiles: u32, // ceil(out_w / 4)
  splits: u32, // at most N * row_strips * column_tiles
  taps: u32, // 9: a uniform, so that compilers keep the loop over the results rolled
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
  var a10 = vec4f();
  var a11 = vec4f();
  var a12 = vec4f();
  var a20 = vec4f();
  var a21 = vec4f();
  var a22 = vec4f();
  let strips = params.batch * params.row_strips * params.column_tiles;
  let strips_per_split = divide(strips + params.splits - 1u, params.splits);
  let strip_end = min((split + 1u) * strips_per_split, strips);
  for (var strip = split * strips_per_split; strip < strip_end; strip++) {
    let row_strip = divide(strip, params.column_tiles);
    let q = (strip - row_strip * params.column_tiles) * 4u;
    let n = divide(row_strip, params.row_strips);
    let p_first = (row_strip - n * params.row_strips) * params.rows_per_strip;
    let p_end = min(p_first + params.rows_per_strip, params.out_h);
    let left = q - params.pad_left; // wraps below 0: outside the image
    // dy of the rows above: h<k><column> is k rows up.
    var h10 = vec4f();
    var h11 = vec4f();
    var h12 = vec4f();
    var h13 = vec4f();
    var h20 = vec4f();
    var h21 = vec4f();
    var h22 = vec4f();
    var h23 = vec4f();
    for (var p = p_first; p < p_end + 2u; p++) {
      let dy_at = (n * params.out_h + p) * params.out_w;
      let dy_inside = p < p_end;
      let d0 = load_dy(dy_at, dy_inside, q, c);
      let d1 = load_dy(dy_at, dy_inside, q + 1u, c);
      let d2 = load_dy(dy_at, dy_inside, q + 2u, c);
      let d3 = load_dy(dy_at, dy_inside, q + 3u, c);
      let i = p - params.pad_top;
      let row_at = (n * params.in_h + i) * params.in_w;
      let inside = i < params.in_h;
      let x0 = load_x(row_at, inside, left, c);
      let x1 = load_x(row_at, inside, left + 1u, c);
      let x2 = load_x(row_at, inside, left + 2u, c);
      let x3 = load_x(row_at, inside, left + 3u, c);
      let x4 = load_x(row_at, inside, left + 4u, c);
      let x5 = load_x(row_at, inside, left + 5u, c);
      a00 += d0 * x0 + d1 * x1 + d2 * x2 + d3 * x3;
      a01 += d0 * x1 + d1 * x2 + d2 * x3 + d3 * x4;
      a02 += d0 * x2 + d1 * x3 + d2 * x4 + d3 * x5;
      a10 += h10 * x0 + h11 * x1 + h12 * x2 + h13 * x3;
      a11 += h10 * x1 + h11 * x2 + h12 * x3 + h13 * x4;
      a12 += h10 * x2 + h11 * x3 + h12 * x4 + h13 * x5;
      a20 += h20 * x0 + h21 * x1 + h22 * x2 + h23 * x3;
      a21 += h20 * x1 + h21 * x2 + h22 * x3 + h23 * x4;
      a22 += h20 * x2 + h21 * x3 + h22 * x4 + h23 * x5;
      h20 = h10;
      h21 = h11;
      h22 = h12;
      h23 = h13;
      h10 = d0;
      h11 = d1;
      h12 = d2;
      h13 = d3;
    }
  }
  for (var tap = 0u; tap < params.taps; tap++) {
    var v = a00;
    v = select(v, a01, tap == 1u);
    v = select(v, a02, tap == 2u);
    v = select(v, a10, tap == 3u);
    v = select(v, a11, tap == 4u);
    v = select(v, a12, tap == 5u);
    v = select(v, a20, tap == 6u);
    v = select(v, a21, tap == 7u);
    v = select(v, a22, tap == 8u);
    let at = (split * 9u + tap) * params.channels + c;
    @if(!overlap) { partials[at] = v; }
    @if(overlap) {
      partials[at] = v.x;
      partials[at + 1u] = v.y;
      partials[at + 2u] = v.z;
      partials[at + 3u] = v.w;
    }
  }
}
