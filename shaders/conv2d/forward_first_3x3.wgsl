// Convolution, forward, 3x3 with stride 2 of three channels (networks' first layers): y[n,p,q,k] =
// act(scale_k * (b[k] + sum_rsc x[n, 2p - pad_top + r, 2q - pad_left + s, c] * w[r,s,c,k]) + shift_k); scale
// and shift are rows 2 and 3 of statistics, where there are any. x [N,H,W,3], w [3,3,3,K], b [K], statistics
// [4,K], y [N,P,Q,K], K a multiple of 4. A subgroup computes rows_per_strip rows x 4 * SUBGROUP_SIZE
// channels, 4 neighbouring pixels at a time; a lane 4 channels, their 27 weights in registers. What 4 pixels
// see of a row of x is 27 neighbouring values: the lanes load them for the three rows and broadcast them. One
// subgroup per workgroup; workgroup id = strip * tiles_k + channel tile. Inject SUBGROUP_SIZE (4, 8 or 16);
// condition subgroup8 from 8 up, subgroup16 for 16.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::pick::pick4;
import package::common::activation::activate;
@if(!subgroups) import package::common::shared_lanes::{share, subgroupBroadcast};
import package::common::subgroup_lanes::{LANE1, LANE2, LANE3};
import constants::SUBGROUP_SIZE;

@if(subgroups) enable subgroups;
@if(subgroups) diagnostic(off, subgroup_uniformity);

struct Params {
  rows: u32, // N * out_h
  in_h: u32,
  in_w: u32,
  out_h: u32,
  out_w: u32,
  channels: u32, // K, in units of four
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

// Value `i` of three rows of x, 0 outside the image: rows and values wrap below 0.
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
  // Lanes beyond the last channels repeat them.
  let k = min((tile - strip * params.tiles_k) * SUBGROUP_SIZE + lane, params.channels - 1u);
  var bias = vec4f();
  if (params.has_bias != 0u) {
    bias = b[k];
  }
  var w000 = vec4f();
  var w001 = vec4f();
  var w002 = vec4f();
  var w010 = vec4f();
  var w011 = vec4f();
  var w012 = vec4f();
  var w020 = vec4f();
  var w021 = vec4f();
  var w022 = vec4f();
  var w100 = vec4f();
  var w101 = vec4f();
  var w102 = vec4f();
  var w110 = vec4f();
  var w111 = vec4f();
  var w112 = vec4f();
  var w120 = vec4f();
  var w121 = vec4f();
  var w122 = vec4f();
  var w200 = vec4f();
  var w201 = vec4f();
  var w202 = vec4f();
  var w210 = vec4f();
  var w211 = vec4f();
  var w212 = vec4f();
  var w220 = vec4f();
  var w221 = vec4f();
  var w222 = vec4f();
  for (var tap = 0u; tap < params.taps; tap++) {
    let v = w[tap * params.channels + k];
    w000 = select(w000, v, tap == 0u);
    w001 = select(w001, v, tap == 1u);
    w002 = select(w002, v, tap == 2u);
    w010 = select(w010, v, tap == 3u);
    w011 = select(w011, v, tap == 4u);
    w012 = select(w012, v, tap == 5u);
    w020 = select(w020, v, tap == 6u);
    w021 = select(w021, v, tap == 7u);
    w022 = select(w022, v, tap == 8u);
    w100 = select(w100, v, tap == 9u);
    w101 = select(w101, v, tap == 10u);
    w102 = select(w102, v, tap == 11u);
    w110 = select(w110, v, tap == 12u);
    w111 = select(w111, v, tap == 13u);
    w112 = select(w112, v, tap == 14u);
    w120 = select(w120, v, tap == 15u);
    w121 = select(w121, v, tap == 16u);
    w122 = select(w122, v, tap == 17u);
    w200 = select(w200, v, tap == 18u);
    w201 = select(w201, v, tap == 19u);
    w202 = select(w202, v, tap == 20u);
    w210 = select(w210, v, tap == 21u);
    w211 = select(w211, v, tap == 22u);
    w212 = select(w212, v, tap == 23u);
    w220 = select(w220, v, tap == 24u);
    w221 = select(w221, v, tap == 25u);
    w222 = select(w222, v, tap == 26u);
  }

  let row_end = min((strip + 1u) * params.rows_per_strip, params.rows);
  for (var row = strip * params.rows_per_strip; row < row_end; row++) {
    let n = divide(row, params.out_h);
    let image = n * params.in_h;
    let top = (row - n * params.out_h) * 2u - params.pad_top;
    for (var q = 0u; q < params.out_w; q += 4u) {
      let first = (q * 2u - params.pad_left) * 3u + lane;
      let x0 = load_x(image, top, first);
      @if(subgroup8) let x1 = x0;
      @if(!subgroup8) let x1 = load_x(image, top, first + 4u);
      @if(subgroup16) let x2 = x0;
      @if(!subgroup16) let x2 = load_x(image, top, first + 8u);
      @if(subgroup16) let x3 = x0;
      @if(subgroup8 && !subgroup16) let x3 = x2;
      @if(!subgroup8) let x3 = load_x(image, top, first + 12u);
      let x4 = load_x(image, top, first + 16u);
      @if(subgroup8) let x5 = x4;
      @if(!subgroup8) let x5 = load_x(image, top, first + 20u);
      @if(subgroup16) let x6 = x4;
      @if(!subgroup16) let x6 = load_x(image, top, first + 24u);
      var a0 = bias;
      var a1 = bias;
      var a2 = bias;
      var a3 = bias;
      @if(!subgroups) share(lane, x0);
      {
        let v0 = subgroupBroadcast(x0, 0u);
        let v1 = subgroupBroadcast(x0, 1u);
        let v2 = subgroupBroadcast(x0, 2u);
        a0 += v0.x * w000 + v0.y * w100 + v0.z * w200;
        a0 += v1.x * w001 + v1.y * w101 + v1.z * w201;
        a0 += v2.x * w002 + v2.y * w102 + v2.z * w202;
      }
      {
        let v0 = subgroupBroadcast(x0, 3u);
        let v1 = subgroupBroadcast(x1, LANE1);
        let v2 = subgroupBroadcast(x1, LANE1 + 1u);
        a0 += v0.x * w010 + v0.y * w110 + v0.z * w210;
        a0 += v1.x * w011 + v1.y * w111 + v1.z * w211;
        a0 += v2.x * w012 + v2.y * w112 + v2.z * w212;
      }
      {
        let v0 = subgroupBroadcast(x1, LANE1 + 2u);
        let v1 = subgroupBroadcast(x1, LANE1 + 3u);
        let v2 = subgroupBroadcast(x2, LANE2);
        a0 += v0.x * w020 + v0.y * w120 + v0.z * w220;
        a0 += v1.x * w021 + v1.y * w121 + v1.z * w221;
        a0 += v2.x * w022 + v2.y * w122 + v2.z * w222;
        a1 += v0.x * w000 + v0.y * w100 + v0.z * w200;
        a1 += v1.x * w001 + v1.y * w101 + v1.z * w201;
        a1 += v2.x * w002 + v2.y * w102 + v2.z * w202;
      }
      {
        let v0 = subgroupBroadcast(x2, LANE2 + 1u);
        let v1 = subgroupBroadcast(x2, LANE2 + 2u);
        let v2 = subgroupBroadcast(x2, LANE2 + 3u);
        a1 += v0.x * w010 + v0.y * w110 + v0.z * w210;
        a1 += v1.x * w011 + v1.y * w111 + v1.z * w211;
        a1 += v2.x * w012 + v2.y * w112 + v2.z * w212;
      }
      {
        let v0 = subgroupBroadcast(x3, LANE3);
        let v1 = subgroupBroadcast(x3, LANE3 + 1u);
        let v2 = subgroupBroadcast(x3, LANE3 + 2u);
        a1 += v0.x * w020 + v0.y * w120 + v0.z * w220;
        a1 += v1.x * w021 + v1.y * w121 + v1.z * w221;
        a1 += v2.x * w022 + v2.y * w122 + v2.z * w222;
        a2 += v0.x * w000 + v0.y * w100 + v0.z * w200;
        a2 += v1.x * w001 + v1.y * w101 + v1.z * w201;
        a2 += v2.x * w002 + v2.y * w102 + v2.z * w202;
      }
      {
        let v0 = subgroupBroadcast(x3, LANE3 + 3u);
        @if(!subgroups) share(lane, x4);
        let v1 = subgroupBroadcast(x4, 0u);
        let v2 = subgroupBroadcast(x4, 1u);
        a2 += v0.x * w010 + v0.y * w110 + v0.z * w210;
        a2 += v1.x * w011 + v1.y * w111 + v1.z * w211;
        a2 += v2.x * w012 + v2.y * w112 + v2.z * w212;
      }
      {
        let v0 = subgroupBroadcast(x4, 2u);
        let v1 = subgroupBroadcast(x4, 3u);
        let v2 = subgroupBroadcast(x5, LANE1);
        a2 += v0.x * w020 + v0.y * w120 + v0.z * w220;
        a2 += v1.x * w021 + v1.y * w121 + v1.z * w221;
        a2 += v2.x * w022 + v2.y * w122 + v2.z * w222;
        a3 += v0.x * w000 + v0.y * w100 + v0.z * w200;
        a3 += v1.x * w001 + v1.y * w101 + v1.z * w201;
        a3 += v2.x * w002 + v2.y * w102 + v2.z * w202;
      }
      {
        let v0 = subgroupBroadcast(x5, LANE1 + 1u);
        let v1 = subgroupBroadcast(x5, LANE1 + 2u);
        let v2 = subgroupBroadcast(x5, LANE1 + 3u);
        a3 += v0.x * w010 + v0.y * w110 + v0.z * w210;
        a3 += v1.x * w011 + v1.y * w111 + v1.z * w211;
        a3 += v2.x * w012 + v2.y * w112 + v2.z * w212;
      }
      {
        let v0 = subgroupBroadcast(x6, LANE2);
        let v1 = subgroupBroadcast(x6, LANE2 + 1u);
        let v2 = subgroupBroadcast(x6, LANE2 + 2u);
        a3 += v0.x * w020 + v0.y * w120 + v0.z * w220;
        a3 += v1.x * w021 + v1.y * w121 + v1.z * w221;
        a3 += v2.x * w022 + v2.y * w122 + v2.z * w222;
      }
      let columns = min(params.four, params.out_w - q);
      for (var p = 0u; p < columns; p++) {
        store(row * params.out_w + q + p, k, pick4(p, a0, a1, a2, a3));
      }
    }
  }
}
