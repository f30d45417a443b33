// Winograd's weight gradient, third stage: for each of the 16 positions of a transformed tile, the matrix product of v
// (from transform_input) and e (from transform_gradient), summed over the tiles: m [16][C][K]. Further rounds of tiles
// are added to it. A subgroup computes 4 * SUBGROUP_SIZE input x 16 output channels of one position and loops over
// tiles. Register tile: each lane accumulates 4 x 16 channels in named values. One subgroup per workgroup; workgroup id
// = (position * tiles_c + c tile) * tiles_k + k tile. For CPU adapters: no workgroup memory; operands that all lanes
// share are loaded by one lane and broadcast. Inject SUBGROUP_SIZE (4, 8 or 16).

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::pick::pick4;
@if(!subgroups) import package::common::shared_lanes::{share, subgroupBroadcast};
import package::common::subgroup_lanes::{LANE1, LANE2, LANE3};
import constants::SUBGROUP_SIZE;

// A register holds SHARED of the values that a lane without neighbours would need.
@let SHARED = SUBGROUP_SIZE / 4

@if(subgroups) enable subgroups;
@if(subgroups) diagnostic(off, subgroup_uniformity);

struct Params {
  in_fours: u32, // C / 4
  out_fours: u32, // K / 4
  blocks: u32, // of 4 * SUBGROUP_SIZE tiles
  tiles_c: u32, // ceil(C / (4 * SUBGROUP_SIZE))
  tiles_k: u32, // ceil(K / 16)
  has_sums: u32, // 0: m holds no sums of earlier rounds
  four: u32, // 4: a uniform, so that compilers keep the loop of stores rolled
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> v: array<vec4f>;
@group(0) @binding(2) var<storage, read> e: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> m: array<vec4f>;

const BLOCK_TILES = 4u * SUBGROUP_SIZE;

@compute @workgroup_size(SUBGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @if(subgroups) @builtin(subgroup_invocation_id) lane: u32,
  @if(!subgroups) @builtin(local_invocation_index) lane: u32,
) {
  let id = flat_workgroup(workgroup, workgroups);
  if (id >= 16u * params.tiles_c * params.tiles_k) {
    return;
  }
  let rest = divide(id, params.tiles_k);
  let tile_k = id - rest * params.tiles_k;
  let place = divide(rest, params.tiles_c);
  let c = (rest - place * params.tiles_c) * SUBGROUP_SIZE + lane;
  let c_at = min(c, params.in_fours - 1u);
  @for(p in 0..4) @for(j in 0..4) var a$p$j = vec4f();
  for (var block = 0u; block < params.blocks; block++) {
    var v_at = ((place * params.blocks + block) * params.in_fours + c_at) * BLOCK_TILES;
    var e_at = ((place * params.blocks + block) * params.tiles_k + tile_k) * BLOCK_TILES * 4u + lane;
    for (var step = 0u; step < SUBGROUP_SIZE; step++) {
      @for(i in 0..4) let x$i = v[v_at@when(i > 0: + ${i}u)];
      @for(i in 0..4 step SHARED)
        let d$i = e[e_at@when(i > 0: + ${4 * i}u)];
        @for(same in i + 1..i + SHARED) let d$same = d$i;
      @end
      @if(!subgroups) share(lane, d0);
      @for(j in 0..4)
        {
          let k0 = subgroupBroadcast(d0, ${j}u);
          @for(i in 1..4) let k$i = subgroupBroadcast(d$i, LANE$i@when(j > 0: + ${j}u));
          @for(p in 0..4) a$p$j += @sum(i in 0..4: x$i.${xyzw[p]} * k$i);
        }
      @end
      v_at += 4u;
      e_at += 16u;
    }
  }

  // Four rows of m, or none, and how many of the tile's vec4s of channels exist.
  let rows = select(0u, params.four, c < params.in_fours);
  let fours = min(params.four, params.out_fours - tile_k * 4u);
  for (var p = 0u; p < rows; p++) {
    for (var j = 0u; j < fours; j++) {
      let at = ((place * params.in_fours + c) * 4u + p) * params.out_fours + tile_k * 4u + j;
      var sum = pick4(j, @list(k in 0..4: pick4(p, @list(i in 0..4: a$i$k))));
      if (params.has_sums != 0u) {
        sum += m[at];
      }
      m[at] = sum;
    }
  }
}
