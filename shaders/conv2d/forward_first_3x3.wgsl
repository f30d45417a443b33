// Convolution, forward, 3x3 with stride 2 of three channels (networks' first layers): y[n,p,q,k] = act(scale_k * (b[k]
// + sum_rsc x[n, 2p - pad_top + r, 2q - pad_left + s, c] * w[r,s,c,k]) + shift_k); scale and shift are rows 2 and 3 of
// statistics, if there are any. x [N,H,W,3], w [3,3,3,K], b [K], statistics [4,K], y [N,P,Q,K], K a multiple of 4. A
// subgroup computes rows_per_strip rows x 4 * SUBGROUP_SIZE channels, 4 neighbouring pixels at a time; a lane computes
// 4 channels and keeps their 27 weights in registers. The windows of 4 pixels cover 27 neighbouring values of a row of
// x: the lanes load these values for the three rows and broadcast them. One subgroup per workgroup; workgroup id =
// strip * tiles_k + channel tile. Inject SUBGROUP_SIZE (4, 8 or 16).

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::pick::pick4;
import package::common::activation::activate;
@if(!subgroups) import package::common::shared_lanes::{share, subgroupBroadcast};
import package::common::subgroup_lanes::{LANE1, LANE2, LANE3};
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
  channels: u32, // K, in vec4s
  pad_top: u32,
  pad_left: u32,
  has_bias: u32, // 0: b is not read
  has_statistics: u32, // 0: statistics are not read
  activation: u32, // see common/activation
  rows_per_strip: u32,
  tiles_k: u32, // ceil(channels / SUBGROUP_SIZE)
  tiles: u32, // ceil(rows / rows_per_strip) * tiles_k
  taps: u32, // 27: a uniform, so that compilers keep the loop over the weights rolled
  four: u32, // 4, likewise for the loop of stores
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read> b: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<storage, read> statistics: array<vec4f>;

// Value `i` of three rows of x, 0 outside the image: unsigned rows and values below 0 wrap around.
fn load_x(image: u32, top: u32, i: u32) -> vec4f {
  let width = params.in_w * 3u;
  let inside = vec3<bool>(i < width) & (vec3u(top, top + 1u, top + 2u) < vec3u(params.in_h));
  let at = select(vec3u(), vec3u((image + top) * width + i) + vec3u(0u, width, 2u * width), inside);
  return vec4f(select(vec3f(), vec3f(x[at.x], x[at.y], x[at.z]), inside), 0.0);
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
  let strip = divide(tile, params.tiles_k);
  // Lanes beyond the last channels repeat the last channels.
  let k = min((tile - strip * params.tiles_k) * SUBGROUP_SIZE + lane, params.channels - 1u);
  var bias = vec4f();
  if (params.has_bias != 0u) {
    bias = b[k];
  }
  // w<row><column><channel>
  @for(r in 0..3) @for(s in 0..3) @for(c in 0..3) var w$r$s$c = vec4f();
  for (var tap = 0u; tap < params.taps; tap++) {
    let v = w[tap * params.channels + k];
    @for(r in 0..3) @for(s in 0..3) @for(c in 0..3) w$r$s$c = select(w$r$s$c, v, tap == ${9 * r + 3 * s + c}u);
  }

  let row_end = min((strip + 1u) * params.rows_per_strip, params.rows);
  for (var row = strip * params.rows_per_strip; row < row_end; row++) {
    let n = divide(row, params.out_h);
    let image = n * params.in_h;
    let top = (row - n * params.out_h) * 2u - params.pad_top;
    for (var q = 0u; q < params.out_w; q += 4u) {
      let first = (q * 2u - params.pad_left) * 3u + lane;
      @for(i in 0..7 step SHARED)
        let x$i = load_x(image, top, first@when(i > 0: + ${4 * i}u));
        @for(same in i + 1..i + SHARED) @when(same < 7: let x$same = x$i;)
      @end
      @for(p in 0..4) var a$p = bias;
      @if(!subgroups) share(lane, x0);
      // Each column of x meets the taps of one pixel or two: value 3 * column + c is in register x<value / 4>.
      @for(column in 0..9)
        {
          @for(c in 0..3)
            @let VALUE = 3 * column + c
            @let QUARTER = VALUE / 4 % 4
            @when(VALUE == 16: @if(!subgroups) share(lane, x4);)
            let v$c = subgroupBroadcast(x${VALUE / 4},@when(QUARTER == 0: ${VALUE % 4}u)
              @when(QUARTER > 0: LANE$QUARTER@when(VALUE % 4 > 0: + ${VALUE % 4}u)));
          @end
          @for(p in (column - 1) / 2..column / 2 + 1 - column / 8) @for(c in 0..3)
            a$p += @sum(r in 0..3: v$c.${xyzw[r]} * w$r${column - 2 * p}$c);
          @end
        }
      @end
      let columns = min(params.four, params.out_w - q);
      for (var p = 0u; p < columns; p++) {
        store(row * params.out_w + q + p, k, pick4(p, a0, a1, a2, a3));
      }
    }
  }
}
