// Winograd's weight gradient, third stage: for each of 16 places of a transformed tile the matrix product of v (what
// transform_input wrote) and e (transform_gradient), summed over the tiles: m [16][C][K]. Further rounds of tiles add to
// it. A subgroup computes 4 * SUBGROUP_SIZE input x 16 output channels of one place; a lane 4 x 16, looping over tiles.
// One subgroup per workgroup; workgroup id = (place * tiles_c + c tile) * tiles_k + k tile. CPU adapters: no workgroup
// memory, accumulators in named values, the operand that all lanes share loaded once and broadcast. Inject SUBGROUP_SIZE
// (4, 8 or 16); condition subgroup8 from 8 up, subgroup16 for 16.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::pick::pick4;
@if(!subgroups) import package::common::shared_lanes::{share, subgroupBroadcast};
import package::common::subgroup_lanes::{LANE1, LANE2, LANE3};
import constants::SUBGROUP_SIZE;

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
  var a00 = vec4f();
  var a01 = vec4f();
  var a02 = vec4f();
  var a03 = vec4f();
  var a10 = vec4f();
  var a11 = vec4f();
  var a12 = vec4f();
  var a13 = vec4f();
  var a20 = vec4f();
  var a21 = vec4f();
  var a22 = vec4f();
  var a23 = vec4f();
  var a30 = vec4f();
  var a31 = vec4f();
  var a32 = vec4f();
  var a33 = vec4f();
  for (var block = 0u; block < params.blocks; block++) {
    var v_at = ((place * params.blocks + block) * params.in_fours + c_at) * BLOCK_TILES;
    var e_at = ((place * params.blocks + block) * params.tiles_k + tile_k) * BLOCK_TILES * 4u + lane;
    for (var step = 0u; step < SUBGROUP_SIZE; step++) {
      let x0 = v[v_at];
      let x1 = v[v_at + 1u];
      let x2 = v[v_at + 2u];
      let x3 = v[v_at + 3u];
      let d0 = e[e_at];
      @if(subgroup8) let d1 = d0;
      @if(!subgroup8) let d1 = e[e_at + 4u];
      @if(subgroup16) let d2 = d0;
      @if(!subgroup16) let d2 = e[e_at + 8u];
      @if(subgroup16) let d3 = d0;
      @if(subgroup8 && !subgroup16) let d3 = d2;
      @if(!subgroup8) let d3 = e[e_at + 12u];
      @if(!subgroups) share(lane, d0);
      {
        let k0 = subgroupBroadcast(d0, 0u);
        let k1 = subgroupBroadcast(d1, LANE1);
        let k2 = subgroupBroadcast(d2, LANE2);
        let k3 = subgroupBroadcast(d3, LANE3);
        a00 += x0.x * k0 + x1.x * k1 + x2.x * k2 + x3.x * k3;
        a10 += x0.y * k0 + x1.y * k1 + x2.y * k2 + x3.y * k3;
        a20 += x0.z * k0 + x1.z * k1 + x2.z * k2 + x3.z * k3;
        a30 += x0.w * k0 + x1.w * k1 + x2.w * k2 + x3.w * k3;
      }
      {
        let k0 = subgroupBroadcast(d0, 1u);
        let k1 = subgroupBroadcast(d1, LANE1 + 1u);
        let k2 = subgroupBroadcast(d2, LANE2 + 1u);
        let k3 = subgroupBroadcast(d3, LANE3 + 1u);
        a01 += x0.x * k0 + x1.x * k1 + x2.x * k2 + x3.x * k3;
        a11 += x0.y * k0 + x1.y * k1 + x2.y * k2 + x3.y * k3;
        a21 += x0.z * k0 + x1.z * k1 + x2.z * k2 + x3.z * k3;
        a31 += x0.w * k0 + x1.w * k1 + x2.w * k2 + x3.w * k3;
      }
      {
        let k0 = subgroupBroadcast(d0, 2u);
        let k1 = subgroupBroadcast(d1, LANE1 + 2u);
        let k2 = subgroupBroadcast(d2, LANE2 + 2u);
        let k3 = subgroupBroadcast(d3, LANE3 + 2u);
        a02 += x0.x * k0 + x1.x * k1 + x2.x * k2 + x3.x * k3;
        a12 += x0.y * k0 + x1.y * k1 + x2.y * k2 + x3.y * k3;
        a22 += x0.z * k0 + x1.z * k1 + x2.z * k2 + x3.z * k3;
        a32 += x0.w * k0 + x1.w * k1 + x2.w * k2 + x3.w * k3;
      }
      {
        let k0 = subgroupBroadcast(d0, 3u);
        let k1 = subgroupBroadcast(d1, LANE1 + 3u);
        let k2 = subgroupBroadcast(d2, LANE2 + 3u);
        let k3 = subgroupBroadcast(d3, LANE3 + 3u);
        a03 += x0.x * k0 + x1.x * k1 + x2.x * k2 + x3.x * k3;
        a13 += x0.y * k0 + x1.y * k1 + x2.y * k2 + x3.y * k3;
        a23 += x0.z * k0 + x1.z * k1 + x2.z * k2 + x3.z * k3;
        a33 += x0.w * k0 + x1.w * k1 + x2.w * k2 + x3.w * k3;
      }
      v_at += 4u;
      e_at += 16u;
    }
  }

  // Four rows of m, or none, and how many of the tile's fours of channels exist.
  let rows = select(0u, params.four, c < params.in_fours);
  let fours = min(params.four, params.out_fours - tile_k * 4u);
  for (var p = 0u; p < rows; p++) {
    for (var j = 0u; j < fours; j++) {
      let at = ((place * params.in_fours + c) * 4u + p) * params.out_fours + tile_k * 4u + j;
      var sum = pick4(j, pick4(p, a00, a10, a20, a30), pick4(p, a01, a11, a21, a31),
        pick4(p, a02, a12, a22, a32), pick4(p, a03, a13, a23, a33));
      if (params.has_sums != 0u) {
        sum += m[at];
      }
      m[at] = sum;
    }
  }
}
