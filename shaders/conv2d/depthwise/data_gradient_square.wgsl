// Depthwise convolution with a square kernel, 3x3, 5x5 or 7x7, stride 2, data gradient: dx[n,i,j,c] = sum of
// dy[n,p,q,c] * w[r,s,c] over r, s with i = 2p - pad_top + r, j = 2q - pad_left + s; one output per channel, C >= 4. dy
// [N,P,Q,C], w [KERNEL,KERNEL,C,1], dx [N,H,W,C]. A thread computes 4 channels x 4 columns of rows_per_strip pairs of
// input rows, separately for each parity of i + pad_top and j + pad_left, so that no tap is wasted. Each row of dy is
// read once; the sums of unfinished rows stay in registers. Thread id = ((n * row strips + row strip) * column tiles +
// column tile) * ceil(C/4) + channel block. Inject KERNEL. (For stride 1: forward_square with flip.)

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::lanes::{Stored, lane_start, lanes_of};
import package::common::pick::pick4;
import constants::THREADS;

// Halo: rows and columns of dy beyond a pair of dx; unfinished even and odd rows.
@let REACH = (KERNEL - 1) / 2
@let EVENS = REACH
@let ODDS = REACH - 1

struct Params {
  batch: u32,
  in_h: u32,
  in_w: u32,
  channels: u32, // C, in vec4s unless lanes overlap
  out_h: u32,
  out_w: u32,
  pad_top: u32,
  pad_left: u32,
  rows_per_strip: u32, // in pairs of rows
  row_strips: u32, // ceil(ceil((in_h + pad_top) / 2) / rows_per_strip)
  column_tiles: u32, // ceil((in_w + pad_left) / 4)
  taps: u32, // KERNEL * KERNEL: a uniform, so that compilers keep the loop over the weights rolled
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
  let j = pair * 2u - params.pad_left; // unsigned: negative wraps, is not stored
  let columns = min(params.four, params.in_w + params.pad_left - pair * 2u);
  @for(r in 0..KERNEL) @for(s in 0..KERNEL) var w$r$s = vec4f();
  for (var tap = 0u; tap < params.taps; tap++) {
    let v = load_w(tap, c);
    @for(r in 0..KERNEL) @for(s in 0..KERNEL) w$r$s = select(w$r$s, v, tap == ${r * KERNEL + s}u);
  }
  // Unfinished sums of the even (e) and odd (o) rows that follow: <row><column>.
  @for(k in 0..EVENS) @for(v in 0..4) var e$k$v = vec4f();
  @for(k in 0..ODDS) @for(v in 0..4) var o$k$v = vec4f();

  for (var turn = 0u; turn < params.rows_per_strip + ${REACH}u; turn++) {
    let p = first + turn - ${REACH}u; // unsigned: negative wraps, is outside
    let row_at = (n * params.out_h + p) * params.out_w;
    let inside = p < params.out_h;
    @for(q in 0..REACH) let d$q = load_dy(row_at, inside, pair - ${REACH - q}u, c);
    let d$REACH = load_dy(row_at, inside, pair, c);
    let d${REACH + 1} = load_dy(row_at, inside, pair + 1u, c);
    // Column v meets the taps of its parity, from right to left.
    if (turn >= ${REACH}u) {
      let i = p * 2u - params.pad_top;
      @for(v in 0..4)
        let even$v = e0$v + @sum(s in v % 2..KERNEL step 2: d${REACH + v / 2 - s / 2} * w0$s);
      @end
      @for(v in 0..4)
        let odd$v = @when(ODDS > 0: o0$v + )@sum(s in v % 2..KERNEL step 2: d${REACH + v / 2 - s / 2} * w1$s);
      @end
      for (var v = 0u; v < columns; v++) {
        store(image, i, j + v, c, pick4(v, even0, even1, even2, even3));
        store(image, i + 1u, j + v, c, pick4(v, odd0, odd1, odd2, odd3));
      }
    }
    @for(k in 0..EVENS) @for(v in 0..4)
      e$k$v = @when(k + 1 < EVENS: e${k + 1}$v + )
        @sum(s in v % 2..KERNEL step 2: d${REACH + v / 2 - s / 2} * w${2 * k + 2}$s);
    @end
    @for(k in 0..ODDS) @for(v in 0..4)
      o$k$v = @when(k + 1 < ODDS: o${k + 1}$v + )
        @sum(s in v % 2..KERNEL step 2: d${REACH + v / 2 - s / 2} * w${2 * k + 3}$s);
    @end
  }
}
