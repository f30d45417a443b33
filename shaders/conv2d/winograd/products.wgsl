// Winograd F(2x2, 3x3), third stage: for each of 16 places of a transformed tile the matrix product m = v * u over the
// input channels, and y = A^T m A of the 16, added up as they come; then the epilogue of conv2d/forward. v and u are
// what transform_input and transform_filter wrote. A subgroup computes 4 * SUBGROUP_SIZE tiles of 2x2 pixels x 16
// channels; a lane 4 tiles x 16 channels. One subgroup per workgroup; workgroup id = tile block * tiles_k + channel
// tile. CPU adapters: no workgroup memory, accumulators in named values, the operand that all lanes share loaded once
// and broadcast. Inject SUBGROUP_SIZE (4, 8 or 16); condition subgroup8 from 8 up, subgroup16 for 16.

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
  in_fours: u32, // C / 4
  out_h: u32,
  out_w: u32,
  out_c: u32,
  tiles_h: u32, // ceil(out_h / 2)
  tiles_w: u32,
  tiles: u32, // N * tiles_h * tiles_w
  first_tile: u32, // of those that this dispatch computes
  blocks: u32, // of 4 * SUBGROUP_SIZE tiles that this dispatch computes
  tiles_k: u32, // ceil(out_c / 16)
  has_bias: u32, // 0: b is not read
  activation: u32, // see common/activation
  four: u32, // 4: a uniform, so that compilers keep the loops of stores rolled
  has_statistics: u32, // 0: statistics are not read
  has_addend: u32, // 0: addend is not read
  residual_scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> v: array<vec4f>;
@group(0) @binding(2) var<storage, read> u: array<vec4f>;
@group(0) @binding(3) var<storage, read> b: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<storage, read> addend: array<vec4f>;
@group(0) @binding(6) var<storage, read> statistics: array<vec4f>;

const BLOCK_TILES = 4u * SUBGROUP_SIZE;

// One value for each of a lane's 4 tiles x 4 fours of channels.
struct Sums {
  a00: vec4f,
  a01: vec4f,
  a02: vec4f,
  a03: vec4f,
  a10: vec4f,
  a11: vec4f,
  a12: vec4f,
  a13: vec4f,
  a20: vec4f,
  a21: vec4f,
  a22: vec4f,
  a23: vec4f,
  a30: vec4f,
  a31: vec4f,
  a32: vec4f,
  a33: vec4f,
}

fn add_scaled(sums: ptr<function, Sums>, scale: f32, terms: Sums) {
  (*sums).a00 += scale * terms.a00;
  (*sums).a01 += scale * terms.a01;
  (*sums).a02 += scale * terms.a02;
  (*sums).a03 += scale * terms.a03;
  (*sums).a10 += scale * terms.a10;
  (*sums).a11 += scale * terms.a11;
  (*sums).a12 += scale * terms.a12;
  (*sums).a13 += scale * terms.a13;
  (*sums).a20 += scale * terms.a20;
  (*sums).a21 += scale * terms.a21;
  (*sums).a22 += scale * terms.a22;
  (*sums).a23 += scale * terms.a23;
  (*sums).a30 += scale * terms.a30;
  (*sums).a31 += scale * terms.a31;
  (*sums).a32 += scale * terms.a32;
  (*sums).a33 += scale * terms.a33;
}

fn store(pixel: u32, k: u32, sum: vec4f) {
  let row = params.out_c / 4u;
  let at = pixel * row + k;
  var value = sum;
  if (params.has_bias != 0u) {
    value += b[k];
  }
  if (params.has_statistics != 0u) {
    value = value * statistics[2u * row + k] + statistics[3u * row + k];
  }
  if (params.has_addend != 0u) {
    value = addend[at] + params.residual_scale * value;
  }
  y[at] = activate(value, params.activation);
}

// The weight of place i of four in output 0 (rows of A^T) and in output 1.
fn weight0(i: u32) -> f32 {
  return select(1.0, 0.0, i == 3u);
}

fn weight1(i: u32) -> f32 {
  return select(select(-1.0, 1.0, i == 1u), 0.0, i == 0u);
}

@compute @workgroup_size(SUBGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @if(subgroups) @builtin(subgroup_invocation_id) lane: u32,
  @if(!subgroups) @builtin(local_invocation_index) lane: u32,
) {
  let id = flat_workgroup(workgroup, workgroups);
  if (id >= params.blocks * params.tiles_k) {
    return;
  }
  let block = divide(id, params.tiles_k);
  let tile_k = id - block * params.tiles_k;
  var y00: Sums;
  var y01: Sums;
  var y10: Sums;
  var y11: Sums;
  for (var place = 0u; place < 16u; place++) {
    var v_at = (place * params.blocks + block) * params.in_fours * BLOCK_TILES + lane * 4u;
    var u_at = (place * params.tiles_k + tile_k) * params.in_fours * 16u + lane;
    var m = Sums();
    for (var c = 0u; c < params.in_fours; c++) {
      let x0 = v[v_at];
      let x1 = v[v_at + 1u];
      let x2 = v[v_at + 2u];
      let x3 = v[v_at + 3u];
      let w0 = u[u_at];
      @if(subgroup8) let w1 = w0;
      @if(!subgroup8) let w1 = u[u_at + 4u];
      @if(subgroup16) let w2 = w0;
      @if(!subgroup16) let w2 = u[u_at + 8u];
      @if(subgroup16) let w3 = w0;
      @if(subgroup8 && !subgroup16) let w3 = w2;
      @if(!subgroup8) let w3 = u[u_at + 12u];
      @if(!subgroups) share(lane, w0);
      {
        let k0 = subgroupBroadcast(w0, 0u);
        let k1 = subgroupBroadcast(w1, LANE1);
        let k2 = subgroupBroadcast(w2, LANE2);
        let k3 = subgroupBroadcast(w3, LANE3);
        m.a00 += x0.x * k0 + x0.y * k1 + x0.z * k2 + x0.w * k3;
        m.a10 += x1.x * k0 + x1.y * k1 + x1.z * k2 + x1.w * k3;
        m.a20 += x2.x * k0 + x2.y * k1 + x2.z * k2 + x2.w * k3;
        m.a30 += x3.x * k0 + x3.y * k1 + x3.z * k2 + x3.w * k3;
      }
      {
        let k0 = subgroupBroadcast(w0, 1u);
        let k1 = subgroupBroadcast(w1, LANE1 + 1u);
        let k2 = subgroupBroadcast(w2, LANE2 + 1u);
        let k3 = subgroupBroadcast(w3, LANE3 + 1u);
        m.a01 += x0.x * k0 + x0.y * k1 + x0.z * k2 + x0.w * k3;
        m.a11 += x1.x * k0 + x1.y * k1 + x1.z * k2 + x1.w * k3;
        m.a21 += x2.x * k0 + x2.y * k1 + x2.z * k2 + x2.w * k3;
        m.a31 += x3.x * k0 + x3.y * k1 + x3.z * k2 + x3.w * k3;
      }
      {
        let k0 = subgroupBroadcast(w0, 2u);
        let k1 = subgroupBroadcast(w1, LANE1 + 2u);
        let k2 = subgroupBroadcast(w2, LANE2 + 2u);
        let k3 = subgroupBroadcast(w3, LANE3 + 2u);
        m.a02 += x0.x * k0 + x0.y * k1 + x0.z * k2 + x0.w * k3;
        m.a12 += x1.x * k0 + x1.y * k1 + x1.z * k2 + x1.w * k3;
        m.a22 += x2.x * k0 + x2.y * k1 + x2.z * k2 + x2.w * k3;
        m.a32 += x3.x * k0 + x3.y * k1 + x3.z * k2 + x3.w * k3;
      }
      {
        let k0 = subgroupBroadcast(w0, 3u);
        let k1 = subgroupBroadcast(w1, LANE1 + 3u);
        let k2 = subgroupBroadcast(w2, LANE2 + 3u);
        let k3 = subgroupBroadcast(w3, LANE3 + 3u);
        m.a03 += x0.x * k0 + x0.y * k1 + x0.z * k2 + x0.w * k3;
        m.a13 += x1.x * k0 + x1.y * k1 + x1.z * k2 + x1.w * k3;
        m.a23 += x2.x * k0 + x2.y * k1 + x2.z * k2 + x2.w * k3;
        m.a33 += x3.x * k0 + x3.y * k1 + x3.z * k2 + x3.w * k3;
      }
      v_at += BLOCK_TILES;
      u_at += 16u;
    }
    let i = place / 4u;
    let j = place % 4u;
    add_scaled(&y00, weight0(i) * weight0(j), m);
    add_scaled(&y01, weight0(i) * weight1(j), m);
    add_scaled(&y10, weight1(i) * weight0(j), m);
    add_scaled(&y11, weight1(i) * weight1(j), m);
  }

  let fours = min(params.four, params.out_c / 4u - tile_k * 4u);
  let first_tile = params.first_tile + block * BLOCK_TILES + lane * 4u;
  for (var o = 0u; o < params.four; o++) {
    let a00 = pick4(o, y00.a00, y01.a00, y10.a00, y11.a00);
    let a01 = pick4(o, y00.a01, y01.a01, y10.a01, y11.a01);
    let a02 = pick4(o, y00.a02, y01.a02, y10.a02, y11.a02);
    let a03 = pick4(o, y00.a03, y01.a03, y10.a03, y11.a03);
    let a10 = pick4(o, y00.a10, y01.a10, y10.a10, y11.a10);
    let a11 = pick4(o, y00.a11, y01.a11, y10.a11, y11.a11);
    let a12 = pick4(o, y00.a12, y01.a12, y10.a12, y11.a12);
    let a13 = pick4(o, y00.a13, y01.a13, y10.a13, y11.a13);
    let a20 = pick4(o, y00.a20, y01.a20, y10.a20, y11.a20);
    let a21 = pick4(o, y00.a21, y01.a21, y10.a21, y11.a21);
    let a22 = pick4(o, y00.a22, y01.a22, y10.a22, y11.a22);
    let a23 = pick4(o, y00.a23, y01.a23, y10.a23, y11.a23);
    let a30 = pick4(o, y00.a30, y01.a30, y10.a30, y11.a30);
    let a31 = pick4(o, y00.a31, y01.a31, y10.a31, y11.a31);
    let a32 = pick4(o, y00.a32, y01.a32, y10.a32, y11.a32);
    let a33 = pick4(o, y00.a33, y01.a33, y10.a33, y11.a33);
    for (var p = 0u; p < params.four; p++) {
      let tile = first_tile + p;
      let tile_row = divide(tile, params.tiles_w);
      let n = divide(tile_row, params.tiles_h);
      let row = 2u * (tile_row - n * params.tiles_h) + o / 2u;
      let column = 2u * (tile - tile_row * params.tiles_w) + o % 2u;
      if ((tile < params.tiles) & (row < params.out_h) & (column < params.out_w)) {
        let pixel = (n * params.out_h + row) * params.out_w + column;
        for (var j = 0u; j < fours; j++) {
          let sum = pick4(j, pick4(p, a00, a10, a20, a30), pick4(p, a01, a11, a21, a31),
            pick4(p, a02, a12, a22, a32), pick4(p, a03, a13, a23, a33));
          store(pixel, tile_k * 4u + j, sum);
        }
      }
    }
  }
}
