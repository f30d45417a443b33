// Convolution, weight gradient: dw[r,s,c,k] = sum_npq x[n, p*stride_h - pad_top + r*dilation_h, .., c] *
// dy[n,p,q,k], as partial sums over parts of the output rows: partials [splits][R,S,C/groups,K]; with splits
// = 1 that is dw itself, else reduce/sum_partials adds them. Any stride, dilation, padding and groups;
// C/groups and K/groups multiples of 4. x [N,H,W,C], dy [N,P,Q,K]. A 1x1 convolution with stride 1 may hand
// its pixels in as rows of any length (batch 1, in_h = out_h = rows, in_w = out_w = length): pixels from
// `pixels` on are not read. A subgroup computes 4 * SUBGROUP_SIZE input x 16 output channels of one (r,s); a
// lane 4 x 16, looping over pixels. One subgroup per workgroup; workgroup id = (((split * R*S + rs) * groups
// + group) * tiles_c + c tile) * tiles_k + k tile. CPU adapters: no workgroup memory, accumulators in named
// values. A load costs about ten instructions a lane there and a broadcast one, so the operand that all lanes
// share is loaded once per subgroup, spread over its lanes. Requires subgroups of exactly 4, 8 or 16 lanes:
// inject SUBGROUP_SIZE; condition subgroup8 from 8 up, subgroup16 for 16.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::pick::pick4;
@if(!subgroups) import package::common::shared_lanes::{share, subgroupBroadcast};
import package::common::subgroup_lanes::{LANE1, LANE2, LANE3};
import constants::SUBGROUP_SIZE;

@if(subgroups) enable subgroups;
@if(subgroups) diagnostic(off, subgroup_uniformity);

struct Params {
  pixels: u32, // N * out_h * out_w
  rows: u32, // N * out_h
  in_h: u32,
  in_w: u32,
  in_c: u32,
  group_c: u32, // in_c / groups
  out_h: u32,
  out_w: u32,
  out_c: u32,
  group_k: u32, // out_c / groups
  kernel_h: u32,
  kernel_w: u32,
  stride_h: u32,
  stride_w: u32,
  dilation_h: u32,
  dilation_w: u32,
  pad_top: u32,
  pad_left: u32,
  tiles_c: u32, // ceil(group_c / (4 * SUBGROUP_SIZE))
  tiles_k: u32, // ceil(group_k / 16)
  splits: u32, // parts that the output rows are cut in
  rows_per_split: u32, // ceil(rows / splits)
  tiles: u32, // splits * kernel_h * kernel_w * groups * tiles_c * tiles_k
  four: u32, // 4: a uniform, so that compilers keep the loop of stores rolled
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>;

// Four input channels of the window position that output column q and the current tap meet, 0 where there is
// none.
fn load_x(row_at: u32, q: u32, q_end: u32, shift: i32, c: u32) -> vec4f {
  let j = u32(i32(q * params.stride_w) + shift);
  let inside = (q < q_end) & (j < params.in_w);
  return select(vec4f(), x[(row_at + select(0u, j, inside)) * (params.in_c / 4u) + c], inside);
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
  let tile_c = divide(tile, params.tiles_k);
  let tile_group = divide(tile_c, params.tiles_c);
  let groups = divide(params.in_c, params.group_c);
  let tile_tap = divide(tile_group, groups);
  let taps = params.kernel_h * params.kernel_w;
  let split = divide(tile_tap, taps);
  let tap = tile_tap - split * taps;
  let r = divide(tap, params.kernel_w);
  let s = tap - r * params.kernel_w;
  let group = tile_group - tile_tap * groups;
  let group_c4 = params.group_c / 4u;
  let k_row = params.out_c / 4u;
  let k_end = (group + 1u) * (params.group_k / 4u);
  let k_first = group * (params.group_k / 4u) + (tile - tile_c * params.tiles_k) * 4u;
  let c = (tile_c - tile_group * params.tiles_c) * SUBGROUP_SIZE + lane;
  let c_at = group * group_c4 + min(c, group_c4 - 1u);

  // The lane's part of 4 pixels x 16 output channels of dy.
  let part_q = lane / 4u;
  let part_k = min(k_first + lane % 4u, k_end - 1u);
  let down = i32(r * params.dilation_h) - i32(params.pad_top);
  let shift = i32(s * params.dilation_w) - i32(params.pad_left);
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

  let row_first = split * params.rows_per_split;
  let row_end = min(row_first + params.rows_per_split, params.rows);
  for (var row = row_first; row < row_end; row++) {
    let n = divide(row, params.out_h);
    let i = i32((row - n * params.out_h) * params.stride_h) + down;
    let x_row = (n * params.in_h + u32(i)) * params.in_w;
    let q_end = select(0u, min(params.out_w, params.pixels - row * params.out_w), u32(i) < params.in_h);
    for (var q = 0u; q < q_end; q += 4u) {
      let x0 = load_x(x_row, q, q_end, shift, c_at);
      let x1 = load_x(x_row, q + 1u, q_end, shift, c_at);
      let x2 = load_x(x_row, q + 2u, q_end, shift, c_at);
      let x3 = load_x(x_row, q + 3u, q_end, shift, c_at);
      let q_part = q + part_q;
      let q_last = q_end - 1u;
      let dy_row = row * params.out_w;
      let d0 = dy[(dy_row + min(q_part, q_last)) * k_row + part_k];
      @if(subgroup8) let d1 = d0;
      @if(!subgroup8) let d1 = dy[(dy_row + min(q_part + 1u, q_last)) * k_row + part_k];
      @if(subgroup16) let d2 = d0;
      @if(!subgroup16) let d2 = dy[(dy_row + min(q_part + 2u, q_last)) * k_row + part_k];
      @if(subgroup16) let d3 = d0;
      @if(subgroup8 && !subgroup16) let d3 = d2;
      @if(!subgroup8) let d3 = dy[(dy_row + min(q_part + 3u, q_last)) * k_row + part_k];
      @if(!subgroups) share(lane, d0);
      {
        let v0 = subgroupBroadcast(d0, 0u);
        let v1 = subgroupBroadcast(d1, LANE1);
        let v2 = subgroupBroadcast(d2, LANE2);
        let v3 = subgroupBroadcast(d3, LANE3);
        a00 += x0.x * v0 + x1.x * v1 + x2.x * v2 + x3.x * v3;
        a10 += x0.y * v0 + x1.y * v1 + x2.y * v2 + x3.y * v3;
        a20 += x0.z * v0 + x1.z * v1 + x2.z * v2 + x3.z * v3;
        a30 += x0.w * v0 + x1.w * v1 + x2.w * v2 + x3.w * v3;
      }
      {
        let v0 = subgroupBroadcast(d0, 1u);
        let v1 = subgroupBroadcast(d1, LANE1 + 1u);
        let v2 = subgroupBroadcast(d2, LANE2 + 1u);
        let v3 = subgroupBroadcast(d3, LANE3 + 1u);
        a01 += x0.x * v0 + x1.x * v1 + x2.x * v2 + x3.x * v3;
        a11 += x0.y * v0 + x1.y * v1 + x2.y * v2 + x3.y * v3;
        a21 += x0.z * v0 + x1.z * v1 + x2.z * v2 + x3.z * v3;
        a31 += x0.w * v0 + x1.w * v1 + x2.w * v2 + x3.w * v3;
      }
      {
        let v0 = subgroupBroadcast(d0, 2u);
        let v1 = subgroupBroadcast(d1, LANE1 + 2u);
        let v2 = subgroupBroadcast(d2, LANE2 + 2u);
        let v3 = subgroupBroadcast(d3, LANE3 + 2u);
        a02 += x0.x * v0 + x1.x * v1 + x2.x * v2 + x3.x * v3;
        a12 += x0.y * v0 + x1.y * v1 + x2.y * v2 + x3.y * v3;
        a22 += x0.z * v0 + x1.z * v1 + x2.z * v2 + x3.z * v3;
        a32 += x0.w * v0 + x1.w * v1 + x2.w * v2 + x3.w * v3;
      }
      {
        let v0 = subgroupBroadcast(d0, 3u);
        let v1 = subgroupBroadcast(d1, LANE1 + 3u);
        let v2 = subgroupBroadcast(d2, LANE2 + 3u);
        let v3 = subgroupBroadcast(d3, LANE3 + 3u);
        a03 += x0.x * v0 + x1.x * v1 + x2.x * v2 + x3.x * v3;
        a13 += x0.y * v0 + x1.y * v1 + x2.y * v2 + x3.y * v3;
        a23 += x0.z * v0 + x1.z * v1 + x2.z * v2 + x3.z * v3;
        a33 += x0.w * v0 + x1.w * v1 + x2.w * v2 + x3.w * v3;
      }
    }
  }

  // Four kernel rows, or none.
  let count = min(params.four, (group_c4 - min(c, group_c4)) * 4u);
  for (var p = 0u; p < count; p++) {
    let at = ((split * taps + tap) * params.group_c + c * 4u + p) * k_row + k_first;
    partials[at] = pick4(p, a00, a10, a20, a30);
    if (k_first + 1u < k_end) {
      partials[at + 1u] = pick4(p, a01, a11, a21, a31);
      if (k_first + 2u < k_end) {
        partials[at + 2u] = pick4(p, a02, a12, a22, a32);
        if (k_first + 3u < k_end) {
          partials[at + 3u] = pick4(p, a03, a13, a23, a33);
        }
      }
    }
  }
}
