// Winograd F(2x2, 3x3), third stage: for each of the 16 positions of a transformed tile, the matrix product m = v * u
// over the input channels; y = A^T m A is accumulated position by position; then the epilogue of conv2d/forward. v and
// u come from transform_input and transform_filter. A subgroup computes 4 * SUBGROUP_SIZE tiles of 2x2 pixels x 16
// channels. Register tile: each lane accumulates 4 tiles x 16 channels in named values. One subgroup per workgroup;
// workgroup id = tile block * tiles_k + channel tile. For CPU adapters: no workgroup memory; operands that all lanes
// share are loaded by one lane and broadcast. Inject SUBGROUP_SIZE (4, 8 or 16).

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

// One value for each of a lane's 4 tiles x 4 vec4s of channels.
struct Sums {
  @for(p in 0..4) @for(j in 0..4) a$p$j: vec4f,
}

fn add_scaled(sums: ptr<function, Sums>, scale: f32, terms: Sums) {
  @for(p in 0..4) @for(j in 0..4) (*sums).a$p$j += scale * terms.a$p$j;
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

// The weight of position i of four in output 0 (rows of A^T) and in output 1.
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
      @for(i in 0..4) let x$i = v[v_at@when(i > 0: + ${i}u)];
      @for(i in 0..4 step SHARED)
        let w$i = u[u_at@when(i > 0: + ${4 * i}u)];
        @for(same in i + 1..i + SHARED) let w$same = w$i;
      @end
      @if(!subgroups) share(lane, w0);
      @for(j in 0..4)
        {
          let k0 = subgroupBroadcast(w0, ${j}u);
          @for(i in 1..4) let k$i = subgroupBroadcast(w$i, LANE$i@when(j > 0: + ${j}u));
          @for(p in 0..4) m.a$p$j += @sum(i in 0..4: x$p.${xyzw[i]} * k$i);
        }
      @end
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
    @for(p in 0..4) @for(j in 0..4) let a$p$j = pick4(o, y00.a$p$j, y01.a$p$j, y10.a$p$j, y11.a$p$j);
    for (var p = 0u; p < params.four; p++) {
      let tile = first_tile + p;
      let tile_row = divide(tile, params.tiles_w);
      let n = divide(tile_row, params.tiles_h);
      let row = 2u * (tile_row - n * params.tiles_h) + o / 2u;
      let column = 2u * (tile - tile_row * params.tiles_w) + o % 2u;
      if ((tile < params.tiles) & (row < params.out_h) & (column < params.out_w)) {
        let pixel = (n * params.out_h + row) * params.out_w + column;
        for (var j = 0u; j < fours; j++) {
          let sum = pick4(j, @list(k in 0..4: pick4(p, @list(i in 0..4: a$i$k))));
          store(pixel, tile_k * 4u + j, sum);
        }
      }
    }
  }
}
