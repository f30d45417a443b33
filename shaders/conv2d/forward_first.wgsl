// Convolution, forward, of three channels (first layers): y[n,p,q,k] = act(scale_k * (b[k] + sum_rsc x[n, p*stride_h -
// pad_top + r, q*stride_w - pad_left + s, c] * w[r,s,c,k]) + shift_k); scale and shift are rows 2 and 3 of statistics,
// if there are any. x [N,H,W,3], w [R,S,3,K], b [K], statistics [4,K], y [N,P,Q,K], K a multiple of 4. A subgroup
// computes 4 * SUBGROUP_SIZE pixels x 16 channels. Register tile: each lane accumulates 4 neighbouring pixels of a row
// x 16 channels. Windows overlap: a pixel's column at tap s is its neighbour's at tap s + stride_w, so that only one of
// the four columns at tap s + stride_w is new. One subgroup per workgroup; workgroup id = pixel tile * tiles_k +
// channel tile. Weights are loaded once per subgroup, distributed over its lanes. Inject SUBGROUP_SIZE (4, 8 or 16).

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::pick::pick4;
import package::common::activation::activate;
@if(!subgroups) import package::common::shared_lanes::{share, subgroupBroadcast};
import package::common::subgroup_lanes::{LANE1, LANE2};
import constants::SUBGROUP_SIZE;

// A register holds SHARED of the values that a lane without neighbours would need.
@let SHARED = SUBGROUP_SIZE / 4

@if(subgroups) enable subgroups;
@if(subgroups) diagnostic(off, subgroup_uniformity);

struct Params {
  rows: u32, // N * out_h
  in_h: u32,
  in_w: u32,
  out_h: u32,
  out_w: u32,
  kernel_h: u32,
  kernel_w: u32,
  stride_h: u32,
  stride_w: u32,
  dilation_h: u32,
  pad_top: u32,
  pad_left: u32,
  channels: u32, // K, in vec4s
  has_bias: u32, // 0: b is not read
  has_statistics: u32, // 0: statistics are not read
  activation: u32, // see common/activation
  column_tiles: u32, // ceil(out_w / 4)
  tiles_k: u32, // ceil(K / 16)
  tiles: u32, // ceil(rows * column_tiles / SUBGROUP_SIZE) * tiles_k
  four: u32, // 4: a uniform, so that compilers keep the loop of stores rolled
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read> b: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<storage, read> statistics: array<vec4f>;

// The pixel in column j of a row of x that starts at pixel `row_at`.
fn load_x(row_at: u32, row_inside: bool, j: u32) -> vec3f {
  let inside = row_inside & (j < params.in_w);
  let at = select(0u, (row_at + j) * 3u, inside);
  return select(vec3f(), vec3f(x[at], x[at + 1u], x[at + 2u]), inside);
}

fn store(pixel: u32, k: u32, sum: vec4f) {
  var v = sum;
  if (params.has_statistics != 0u) {
    v = v * statistics[2u * params.channels + k] + statistics[3u * params.channels + k];
  }
  y[pixel * params.channels + k] = activate(v, params.activation);
}

@compute @workgroup_size(SUBGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @if(subgroups) @builtin(subgroup_invocation_id) lane: u32,
  @if(!subgroups) @builtin(local_invocation_index) lane: u32,
) {
  let tile = flat_workgroup(workgroup, workgroups);
  if (tile >= params.tiles) {
    return;
  }
  let pixel_tile = divide(tile, params.tiles_k);
  let k_first = (tile - pixel_tile * params.tiles_k) * 4u;
  let four = pixel_tile * SUBGROUP_SIZE + lane;
  let row = divide(four, params.column_tiles);
  let q = (four - row * params.column_tiles) * 4u;
  let n = divide(row, params.out_h);
  let top = (row - n * params.out_h) * params.stride_h - params.pad_top; // unsigned: negative wraps, is outside
  let left = q * params.stride_w - params.pad_left;

  // The lane's part of a pixel's 3 input x 16 output channels of weights.
  let part_c = lane / 4u;
  let part_k = min(k_first + lane % 4u, params.channels - 1u);
  var bias = vec4f();
  if (params.has_bias != 0u) {
    bias = b[part_k];
  }
  @if(!subgroups) share(lane, bias);
  @for(p in 0..4) @for(j in 0..4) var a$p$j = subgroupBroadcast(bias, ${j}u);

  for (var r = 0u; r < params.kernel_h; r++) {
    let i = top + r * params.dilation_h;
    let inside = (i < params.in_h) & (row < params.rows);
    let row_at = (n * params.in_h + i) * params.in_w;
    for (var phase = 0u; phase < params.stride_w; phase++) {
      @for(p in 0..3)
        var x$p = load_x(row_at, inside, left + phase@when(p > 0: + @when(p > 1:${p}u *) params.stride_w));
      @end
      for (var s = phase; s < params.kernel_w; s += params.stride_w) {
        let x3 = load_x(row_at, inside, left + s + 3u * params.stride_w);
        let w_at = (r * params.kernel_w + s) * 3u;
        let w0 = w[(w_at + min(part_c, 2u)) * params.channels + part_k];
        @for(c in 1..3)
          @when(c % SHARED == 0: let w$c = w[(w_at + ${c}u) * params.channels + part_k];)
          @when(c % SHARED > 0: let w$c = w0;)
        @end
        @if(!subgroups) share(lane, w0);
        @for(j in 0..4)
          {
            let v0 = subgroupBroadcast(w0, ${j}u);
            @for(c in 1..3) let v$c = subgroupBroadcast(w$c, LANE$c@when(j > 0: + ${j}u));
            @for(p in 0..4) a$p$j += @sum(c in 0..3: x$p.${xyzw[c]} * v$c);
          }
        @end
        @for(p in 0..3) x$p = x${p + 1};
      }
    }
  }

  // How many of the lane's pixels and of the tile's vec4s of channels exist.
  let count = select(0u, min(params.four, params.out_w - q), row < params.rows);
  let fours = min(params.four, params.channels - k_first);
  for (var p = 0u; p < count; p++) {
    for (var j = 0u; j < fours; j++) {
      let sum = pick4(j, @list(k in 0..4: pick4(p, @list(i in 0..4: a$i$k))));
      store(row * params.out_w + q + p, k_first + j, sum);
    }
  }
}
