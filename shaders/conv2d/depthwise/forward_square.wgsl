// Depthwise convolution with a square kernel, 3x3, 5x5 or 7x7: y[n,p,q,c] = act(b[c] + sum_rs x[n, p*STRIDE - pad_top +
// r, q*STRIDE - pad_left + s, c] * w[r,s,c]) for one output per channel and C >= 4. x [N,H,W,C], w [KERNEL,KERNEL,C,1],
// b [C], y [N,P,Q,C]. With flip = 1 (stride 1 only) the taps are reversed: applied to dy, with pad KERNEL - 1 - pad and
// in/out exchanged, that is the data gradient. A thread computes 4 channels x COLUMNS neighbouring columns of
// rows_per_strip output rows. Each input row is read once; the sums of the UNFINISHED output rows stay in registers.
// Thread id = ((n * row strips + row strip) * column tiles + column tile) * ceil(C/4) + channel block. Inject KERNEL
// and STRIDE (1 or 2); condition stride2.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::lanes::{Stored, lane_start, lanes_of};
import package::common::activation::activate;
@if(!stride2) import package::common::pick::pick4;
import constants::THREADS;

@let COLUMNS = 4 / STRIDE
@let UNFINISHED = (KERNEL - 1) / STRIDE
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
  taps: u32, // KERNEL * KERNEL: a uniform, so that compilers keep the loop over the weights rolled
  @if(!stride2) four: u32, // 4: a uniform, so that compilers keep the loop of stores rolled
  @if(!stride2) flip: u32,
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
  @if(stride2) let at = tap * params.channels + c;
  @if(!stride2) let at = select(tap, ${KERNEL * KERNEL - 1}u - tap, params.flip != 0u) * params.channels + c;
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
  let q = (tile - strip * params.column_tiles) * ${COLUMNS}u;
  let n = divide(strip, params.row_strips);
  if (n >= params.batch) {
    return;
  }
  let p_first = (strip - n * params.row_strips) * params.rows_per_strip;
  let p_end = min(p_first + params.rows_per_strip, params.out_h);
  let left = q@when(STRIDE > 1: * ${STRIDE}u) - params.pad_left; // unsigned: negative wraps, is outside
  @for(r in 0..KERNEL) @for(s in 0..KERNEL) var w$r$s = vec4f();
  for (var tap = 0u; tap < params.taps; tap++) {
    let v = load_w(tap, c);
    @for(r in 0..KERNEL) @for(s in 0..KERNEL) w$r$s = select(w$r$s, v, tap == ${r * KERNEL + s}u);
  }
  @if(!stride2) let columns = min(params.four, params.out_w - q);
  @if(stride2) let columns = min(${COLUMNS}u, params.out_w - q);
  var bias = vec4f();
  if (params.has_bias != 0u) {
    @if(overlap) bias = vec4f(b[c], b[c + 1u], b[c + 2u], b[c + 3u]);
    @if(!overlap) bias = b[c];
  }
  // Unfinished sums: a<k><column> becomes output row k + 1 rows below the row that this iteration finishes.
  @for(k in 0..UNFINISHED) @for(p in 0..COLUMNS) var a$k$p = vec4f();

  for (var row = p_first; row < p_end + ${UNFINISHED}u; row++) {
    @if(!stride2) let i = row - params.pad_top;
    @if(!stride2) let row_at = (n * params.in_h + i) * params.in_w;
    @if(!stride2) let inside = i < params.in_h;
    @if(stride2) let i = row * 2u - params.pad_top;
    @if(stride2) let even_at = (n * params.in_h + i) * params.in_w;
    @if(stride2) let even_inside = i < params.in_h;
    @if(stride2) let odd_at = even_at + params.in_w;
    @if(stride2) let odd_inside = i + 1u < params.in_h;
    @for(j in 0..INPUT_COLUMNS)
      @if(!stride2) let x$j = load_x(row_at, inside, left@when(j > 0: + ${j}u), c);
      @if(stride2) let x$j = load_x(even_at, even_inside, left@when(j > 0: + ${j}u), c);
    @end
    if (row >= p_first + ${UNFINISHED}u) {
      let y_row = n * params.out_h + row - ${UNFINISHED}u;
      @for(p in 0..COLUMNS) let y$p = a0$p + bias + @sum(s in 0..KERNEL: x${p * STRIDE + s} * w${KERNEL - 1}$s);
      for (var p = 0u; p < columns; p++) {
        @if(!stride2) store(y_row, q + p, c, pick4(p, y0, y1, y2, y3));
        @if(stride2) store(y_row, q + p, c, select(y1, y0, p == 0u));
      }
    }
    @for(j in 0..INPUT_COLUMNS) @if(stride2) let z$j = load_x(odd_at, odd_inside, left@when(j > 0: + ${j}u), c);
    @for(k in 0..UNFINISHED)
      @let R = (UNFINISHED - 1 - k) * STRIDE
      @for(p in 0..COLUMNS)
        a$k$p = @when(k + 1 < UNFINISHED: a${k + 1}$p + )@sum(s in 0..KERNEL: x${p * STRIDE + s} * w$R$s)
          @when(STRIDE > 1: + @sum(s in 0..KERNEL: z${p * STRIDE + s} * w${R + 1}$s));
      @end
    @end
  }
}
