// Depthwise convolution 3x3, stride 1: y[n,p,q,c] = act(b[c] + sum_rs x[n, p - pad_top + r, q - pad_left + s,
// c] * w[r,s,c]) for one output per channel and C >= 4. With flip = 1 the taps run backwards: on
// dy, with pad 2 - pad and in/out swapped, that is the data gradient. x [N,H,W,C], w [3,3,C,1], b [C], y
// [N,P,Q,C]. A thread computes 4 channels x 4 neighbouring columns, down rows_per_strip output rows: each
// input row is read once, and the sums of the 2 unfinished output rows stay in registers. Thread id = ((n *
// row strips + row strip) * column tiles + column tile) * ceil(C/4) + channel block.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::lanes::{Stored, lane_start, lanes_of};
import package::common::activation::activate;
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
  rows_per_strip: u32,
  row_strips: u32, // ceil(out_h / rows_per_strip)
  column_tiles: u32, // ceil(out_w / 4)
  taps: u32, // 9: a uniform, so that compilers keep the loop over the weights rolled
  four: u32, // 4: a uniform, so that compilers keep the loop of stores rolled
  flip: u32,
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
  let at = select(tap, 8u - tap, params.flip != 0u) * params.channels + c;
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
  let q = (tile - strip * params.column_tiles) * 4u;
  let n = divide(strip, params.row_strips);
  if (n >= params.batch) {
    return;
  }
  let p_first = (strip - n * params.row_strips) * params.rows_per_strip;
  let p_end = min(p_first + params.rows_per_strip, params.out_h);
  let left = q - params.pad_left; // wraps below 0: outside the image
  var w00 = vec4f();
  var w01 = vec4f();
  var w02 = vec4f();
  var w10 = vec4f();
  var w11 = vec4f();
  var w12 = vec4f();
  var w20 = vec4f();
  var w21 = vec4f();
  var w22 = vec4f();
  for (var tap = 0u; tap < params.taps; tap++) {
    let v = load_w(tap, c);
    w00 = select(w00, v, tap == 0u);
    w01 = select(w01, v, tap == 1u);
    w02 = select(w02, v, tap == 2u);
    w10 = select(w10, v, tap == 3u);
    w11 = select(w11, v, tap == 4u);
    w12 = select(w12, v, tap == 5u);
    w20 = select(w20, v, tap == 6u);
    w21 = select(w21, v, tap == 7u);
    w22 = select(w22, v, tap == 8u);
  }
  let columns = min(params.four, params.out_w - q);
  var bias = vec4f();
  if (params.has_bias != 0u) {
    @if(overlap) bias = vec4f(b[c], b[c + 1u], b[c + 2u], b[c + 3u]);
    @if(!overlap) bias = b[c];
  }
  // Unfinished sums: a<k><column> becomes output row k + 1 rows below the one that this turn finishes.
  var a00 = vec4f();
  var a01 = vec4f();
  var a02 = vec4f();
  var a03 = vec4f();
  var a10 = vec4f();
  var a11 = vec4f();
  var a12 = vec4f();
  var a13 = vec4f();

  for (var row = p_first; row < p_end + 2u; row++) {
    let i = row - params.pad_top;
    let row_at = (n * params.in_h + i) * params.in_w;
    let inside = i < params.in_h;
    let x0 = load_x(row_at, inside, left, c);
    let x1 = load_x(row_at, inside, left + 1u, c);
    let x2 = load_x(row_at, inside, left + 2u, c);
    let x3 = load_x(row_at, inside, left + 3u, c);
    let x4 = load_x(row_at, inside, left + 4u, c);
    let x5 = load_x(row_at, inside, left + 5u, c);
    if (row >= p_first + 2u) {
      let y_row = n * params.out_h + row - 2u;
      let y0 = a00 + bias + x0 * w20 + x1 * w21 + x2 * w22;
      let y1 = a01 + bias + x1 * w20 + x2 * w21 + x3 * w22;
      let y2 = a02 + bias + x2 * w20 + x3 * w21 + x4 * w22;
      let y3 = a03 + bias + x3 * w20 + x4 * w21 + x5 * w22;
      for (var p = 0u; p < columns; p++) {
        store(y_row, q + p, c, pick4(p, y0, y1, y2, y3));
      }
    }
    a00 = a10 + x0 * w10 + x1 * w11 + x2 * w12;
    a01 = a11 + x1 * w10 + x2 * w11 + x3 * w12;
    a02 = a12 + x2 * w10 + x3 * w11 + x4 * w12;
    a03 = a13 + x3 * w10 + x4 * w11 + x5 * w12;
    a10 = x0 * w00 + x1 * w01 + x2 * w02;
    a11 = x1 * w00 + x2 * w01 + x3 * w02;
    a12 = x2 * w00 + x3 * w01 + x4 * w02;
    a13 = x3 * w00 + x4 * w01 + x5 * w02;
  }
}
