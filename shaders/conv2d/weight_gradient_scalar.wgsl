// Convolution, weight gradient, any number of channels (first layers): as weight_gradient.wgsl, but the
// kernel's rows t = (r, s, c) are one list: a subgroup computes 4 * SUBGROUP_SIZE of them x 16 output
// channels; a lane 4 x 16. x [N,H,W,C], dy [N,P,Q,K], partials [splits][R,S,C/groups,K]. Any stride,
// dilation, padding and groups. One subgroup per workgroup; workgroup id = ((split * groups + group) *
// tiles_c + row tile) * tiles_k + k tile. CPU adapters: no workgroup memory, accumulators in named values. A
// load costs about ten instructions a lane there and a broadcast one, so the operand that all lanes share is
// loaded once per subgroup, spread over its lanes. Subgroups have exactly 4, 8 or 16 lanes: inject
// SUBGROUP_SIZE; condition subgroup8 from 8 up, subgroup16 for 16.

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
  tiles_c: u32, // ceil(kernel_h * kernel_w * group_c / (4 * SUBGROUP_SIZE))
  tiles_k: u32, // ceil(group_k / 16)
  splits: u32, // parts that the output rows are cut in
  rows_per_split: u32, // ceil(rows / splits)
  tiles: u32, // splits * groups * tiles_c * tiles_k
  four: u32, // 4: a uniform, so that compilers keep the loop of stores rolled
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;

// A kernel row t: how far its tap lies from the window's corner, and its channel.
struct Row {
  down: i32,
  right: i32,
  c: u32,
}

fn row_of(t: u32, group: u32) -> Row {
  let tap = divide(t, params.group_c);
  let r = divide(tap, params.kernel_w);
  let s = tap - r * params.kernel_w;
  return Row(
    i32(r * params.dilation_h) - i32(params.pad_top),
    i32(s * params.dilation_w) - i32(params.pad_left),
    group * params.group_c + t - tap * params.group_c,
  );
}

fn load_x(row: Row, image: u32, i: i32, q: u32) -> f32 {
  let y = u32(i + row.down);
  let j = u32(i32(q * params.stride_w) + row.right);
  let inside = (q < params.out_w) & (y < params.in_h) & (j < params.in_w);
  return select(0.0, x[select(0u, ((image + y) * params.in_w + j) * params.in_c + row.c, inside)], inside);
}

// Four output channels of a pixel. Channels beyond the group's last one repeat it, so that their sums may be
// stored
// over its own.
fn load_dy(pixel: u32, k: u32, last: u32) -> vec4f {
  let at = pixel * params.out_c;
  return vec4f(dy[at + min(k, last)], dy[at + min(k + 1u, last)], dy[at + min(k + 2u, last)],
    dy[at + min(k + 3u, last)]);
}

fn store(row: u32, k: u32, last: u32, value: vec4f) {
  let at = row * params.out_c + min(vec4u(k, k + 1u, k + 2u, k + 3u), vec4u(last));
  partials[at.x] = value.x;
  partials[at.y] = value.y;
  partials[at.z] = value.z;
  partials[at.w] = value.w;
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
  let tile_t = divide(tile, params.tiles_k);
  let tile_group = divide(tile_t, params.tiles_c);
  let groups = divide(params.in_c, params.group_c);
  let split = divide(tile_group, groups);
  let group = tile_group - split * groups;
  let t_count = params.kernel_h * params.kernel_w * params.group_c;
  let k_end = (group + 1u) * params.group_k;
  let k_first = group * params.group_k + (tile - tile_t * params.tiles_k) * 16u;
  let t = ((tile_t - tile_group * params.tiles_c) * SUBGROUP_SIZE + lane) * 4u;
  let row0 = row_of(min(t, t_count - 1u), group);
  let row1 = row_of(min(t + 1u, t_count - 1u), group);
  let row2 = row_of(min(t + 2u, t_count - 1u), group);
  let row3 = row_of(min(t + 3u, t_count - 1u), group);
  let part_q = lane / 4u;
  let part_k = k_first + lane % 4u * 4u;
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
    let image = n * params.in_h;
    let i = i32((row - n * params.out_h) * params.stride_h);
    for (var q = 0u; q < params.out_w; q += 4u) {
      let x0 = vec4f(load_x(row0, image, i, q), load_x(row0, image, i, q + 1u),
        load_x(row0, image, i, q + 2u), load_x(row0, image, i, q + 3u));
      let x1 = vec4f(load_x(row1, image, i, q), load_x(row1, image, i, q + 1u),
        load_x(row1, image, i, q + 2u), load_x(row1, image, i, q + 3u));
      let x2 = vec4f(load_x(row2, image, i, q), load_x(row2, image, i, q + 1u),
        load_x(row2, image, i, q + 2u), load_x(row2, image, i, q + 3u));
      let x3 = vec4f(load_x(row3, image, i, q), load_x(row3, image, i, q + 1u),
        load_x(row3, image, i, q + 2u), load_x(row3, image, i, q + 3u));
      let q_part = q + part_q;
      let q_last = params.out_w - 1u;
      let dy_row = row * params.out_w;
      let d0 = load_dy(dy_row + min(q_part, q_last), part_k, k_end - 1u);
      @if(subgroup8) let d1 = d0;
      @if(!subgroup8) let d1 = load_dy(dy_row + min(q_part + 1u, q_last), part_k, k_end - 1u);
      @if(subgroup16) let d2 = d0;
      @if(!subgroup16) let d2 = load_dy(dy_row + min(q_part + 2u, q_last), part_k, k_end - 1u);
      @if(subgroup16) let d3 = d0;
      @if(subgroup8 && !subgroup16) let d3 = d2;
      @if(!subgroup8) let d3 = load_dy(dy_row + min(q_part + 3u, q_last), part_k, k_end - 1u);
      @if(!subgroups) share(lane, d0);
      {
        let v0 = subgroupBroadcast(d0, 0u);
        let v1 = subgroupBroadcast(d1, LANE1);
        let v2 = subgroupBroadcast(d2, LANE2);
        let v3 = subgroupBroadcast(d3, LANE3);
        a00 += x0.x * v0 + x0.y * v1 + x0.z * v2 + x0.w * v3;
        a10 += x1.x * v0 + x1.y * v1 + x1.z * v2 + x1.w * v3;
        a20 += x2.x * v0 + x2.y * v1 + x2.z * v2 + x2.w * v3;
        a30 += x3.x * v0 + x3.y * v1 + x3.z * v2 + x3.w * v3;
      }
      {
        let v0 = subgroupBroadcast(d0, 1u);
        let v1 = subgroupBroadcast(d1, LANE1 + 1u);
        let v2 = subgroupBroadcast(d2, LANE2 + 1u);
        let v3 = subgroupBroadcast(d3, LANE3 + 1u);
        a01 += x0.x * v0 + x0.y * v1 + x0.z * v2 + x0.w * v3;
        a11 += x1.x * v0 + x1.y * v1 + x1.z * v2 + x1.w * v3;
        a21 += x2.x * v0 + x2.y * v1 + x2.z * v2 + x2.w * v3;
        a31 += x3.x * v0 + x3.y * v1 + x3.z * v2 + x3.w * v3;
      }
      {
        let v0 = subgroupBroadcast(d0, 2u);
        let v1 = subgroupBroadcast(d1, LANE1 + 2u);
        let v2 = subgroupBroadcast(d2, LANE2 + 2u);
        let v3 = subgroupBroadcast(d3, LANE3 + 2u);
        a02 += x0.x * v0 + x0.y * v1 + x0.z * v2 + x0.w * v3;
        a12 += x1.x * v0 + x1.y * v1 + x1.z * v2 + x1.w * v3;
        a22 += x2.x * v0 + x2.y * v1 + x2.z * v2 + x2.w * v3;
        a32 += x3.x * v0 + x3.y * v1 + x3.z * v2 + x3.w * v3;
      }
      {
        let v0 = subgroupBroadcast(d0, 3u);
        let v1 = subgroupBroadcast(d1, LANE1 + 3u);
        let v2 = subgroupBroadcast(d2, LANE2 + 3u);
        let v3 = subgroupBroadcast(d3, LANE3 + 3u);
        a03 += x0.x * v0 + x0.y * v1 + x0.z * v2 + x0.w * v3;
        a13 += x1.x * v0 + x1.y * v1 + x1.z * v2 + x1.w * v3;
        a23 += x2.x * v0 + x2.y * v1 + x2.z * v2 + x2.w * v3;
        a33 += x3.x * v0 + x3.y * v1 + x3.z * v2 + x3.w * v3;
      }
    }
  }

  let tile_blocks = min(params.four, (k_end - k_first + 3u) / 4u);
  // How many of the lane's rows exist.
  let count = min(params.four, t_count - min(t, t_count));
  for (var p = 0u; p < count; p++) {
    let to = split * t_count + t + p;
    for (var j = 0u; j < tile_blocks; j++) {
      store(to, k_first + j * 4u, k_end - 1u, pick4(j, pick4(p, a00, a10, a20, a30), pick4(p, a01, a11, a21, a31), pick4(p, a02, a12, a22, a32), pick4(p, a03, a13, a23, a33)));
    }
  }
}
