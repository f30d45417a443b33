// Depthwise convolution with a square kernel, 3x3, 5x5 or 7x7, weight gradient: dw[r,s,c] = sum_npq x[n, p*STRIDE -
// pad_top + r, q*STRIDE - pad_left + s, c] * dy[n,p,q,c] for one output per channel, C >= 4, as partial sums
// [splits][KERNEL,KERNEL,C]. With splits = 1 that is dw itself; otherwise reduce/sum_partials adds them. x [N,H,W,C],
// dy [N,P,Q,C]. A thread sums 4 channels x all taps over its part of the strips; a strip is COLUMNS columns x
// rows_per_strip rows of dy. Each row of x is read once; the ABOVE previous rows of dy stay in registers. Thread id =
// split * ceil(C/4) + channel block. Inject KERNEL and STRIDE (1 or 2); condition stride2.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::lanes::{Stored, lane_start, lanes_of};
import constants::THREADS;

@let COLUMNS = 4 / STRIDE
@let ABOVE = (KERNEL - 1) / STRIDE
@let INPUT_COLUMNS = (COLUMNS - 1) * STRIDE + KERNEL

struct Params {
  batch: u32,
  in_h: u32,
  in_w: u32,
  channels: u32, // C, in vec4s unless lanes overlap
  out_h: u32,
  out_w: u32,
  pad_top: u32,
  pad_left: u32,
  rows_per_strip: u32,
  row_strips: u32, // ceil(out_h / rows_per_strip)
  column_tiles: u32, // ceil(out_w / COLUMNS)
  splits: u32, // at most N * row_strips * column_tiles
  taps: u32, // KERNEL * KERNEL: a uniform, so that compilers keep the loop over the results rolled
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
  @for(r in 0..KERNEL) @for(s in 0..KERNEL) var a$r$s = vec4f();
  let strips = params.batch * params.row_strips * params.column_tiles;
  let strips_per_split = divide(strips + params.splits - 1u, params.splits);
  let strip_end = min((split + 1u) * strips_per_split, strips);
  for (var strip = split * strips_per_split; strip < strip_end; strip++) {
    let row_strip = divide(strip, params.column_tiles);
    let q = (strip - row_strip * params.column_tiles) * ${COLUMNS}u;
    let n = divide(row_strip, params.row_strips);
    let p_first = (row_strip - n * params.row_strips) * params.rows_per_strip;
    let p_end = min(p_first + params.rows_per_strip, params.out_h);
    let left = q@when(STRIDE > 1: * ${STRIDE}u) - params.pad_left; // unsigned: negative wraps, is outside
    // dy of the rows above: h<k><column> is k rows up.
    @for(k in 1..ABOVE + 1) @for(v in 0..COLUMNS) var h$k$v = vec4f();
    for (var p = p_first; p < p_end + ${ABOVE}u; p++) {
      let dy_at = (n * params.out_h + p) * params.out_w;
      let dy_inside = p < p_end;
      @for(v in 0..COLUMNS) let d$v = load_dy(dy_at, dy_inside, q@when(v > 0: + ${v}u), c);
      let i = p@when(STRIDE > 1: * ${STRIDE}u) - params.pad_top;
      let row_at = (n * params.in_h + i) * params.in_w;
      let inside = i < params.in_h;
      @for(j in 0..INPUT_COLUMNS) let x$j = load_x(row_at, inside, left@when(j > 0: + ${j}u), c);
      @for(s in 0..KERNEL) a0$s += @sum(v in 0..COLUMNS: d$v * x${v * STRIDE + s});
      @for(k in 1..ABOVE + 1) @for(s in 0..KERNEL)
        a${k * STRIDE}$s += @sum(v in 0..COLUMNS: h$k$v * x${v * STRIDE + s});
      @end
      @if(stride2) let odd_inside = i + 1u < params.in_h;
      @for(j in 0..INPUT_COLUMNS)
        @if(stride2) let z$j = load_x(row_at + params.in_w, odd_inside, left@when(j > 0: + ${j}u), c);
      @end
      @for(s in 0..KERNEL) @if(stride2) a1$s += @sum(v in 0..COLUMNS: d$v * z${v * STRIDE + s});
      @for(k in 1..ABOVE) @for(s in 0..KERNEL)
        @if(stride2) a${k * STRIDE + 1}$s += @sum(v in 0..COLUMNS: h$k$v * z${v * STRIDE + s});
      @end
      @for(k in 1..ABOVE) @for(v in 0..COLUMNS) h${ABOVE + 1 - k}$v = h${ABOVE - k}$v;
      @for(v in 0..COLUMNS) h1$v = d$v;
    }
  }
  for (var tap = 0u; tap < params.taps; tap++) {
    var v = a00;
    @for(t in 1..KERNEL * KERNEL) v = select(v, a${t / KERNEL}${t % KERNEL}, tap == ${t}u);
    let at = (split * ${KERNEL * KERNEL}u + tap) * params.channels + c;
    @if(!overlap) { partials[at] = v; }
    @if(overlap) {
      partials[at] = v.x;
      partials[at + 1u] = v.y;
      partials[at + 2u] = v.z;
      partials[at + 3u] = v.w;
    }
  }
}
