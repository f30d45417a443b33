// Convolution, weight gradient: dw[r,s,c,k] = sum_npq x[n, p*stride_h - pad_top + r*dilation_h, .., c] * dy[n,p,q,k],
// as partial sums over parts of the output rows: partials [splits][R,S,C/groups,K]. With splits = 1 that is dw itself;
// otherwise reduce/sum_partials adds them. Any stride, dilation, padding and groups. x [N,H,W,C], dy [N,P,Q,K]. A
// subgroup computes 4 * SUBGROUP_SIZE kernel rows t x 16 output channels and loops over pixels. Register tile: each
// lane accumulates 4 kernel rows x 16 channels in named values. With the condition vec4, C/groups and K/groups are
// multiples of 4, storage holds vec4s, and the rows are the input channels of one tap (r,s). Otherwise the rows are all
// (r,s,c) in one list, and the channel counts are any numbers. One subgroup per workgroup; workgroup id = ((part *
// groups + group) * tiles_c + row tile) * tiles_k + k tile; a part is a split or, with vec4, split * R*S + rs. With
// vec4, the pixels of a 1x1 convolution with stride 1 may be passed as rows of any length (batch 1, in_h = out_h =
// rows, in_w = out_w = length): pixels from `pixels` on are not read. For CPU adapters: no workgroup memory. A load
// costs about ten instructions per lane there and a broadcast one, so operands that all lanes share are loaded by one
// lane and broadcast. Inject SUBGROUP_SIZE, exactly 4, 8 or 16, and WIDTH, the number of values in an element of
// storage.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::pick::pick4;
@if(!subgroups) import package::common::shared_lanes::{share, subgroupBroadcast};
import package::common::subgroup_lanes::{LANE1, LANE2, LANE3};
import constants::{SUBGROUP_SIZE, WIDTH};

// A register holds SHARED of the four values that a lane without neighbours would need.
@let SHARED = SUBGROUP_SIZE / 4

@if(subgroups) enable subgroups;
@if(subgroups) diagnostic(off, subgroup_uniformity);

@if(vec4) alias Stored = vec4f;
@if(!vec4) alias Stored = f32;

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
  tiles_c: u32, // ceil(rows / (4 * SUBGROUP_SIZE)) of a part
  tiles_k: u32, // ceil(group_k / 16)
  splits: u32, // parts that the output rows are split into
  rows_per_split: u32, // ceil(rows / splits)
  tiles: u32, // parts * groups * tiles_c * tiles_k
  four: u32, // 4: a uniform, so that compilers keep the loop of stores rolled
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read> dy: array<Stored>;
@group(0) @binding(3) var<storage, read_write> partials: array<Stored>;

// Four input channels at output column q and the current tap, 0 if that is outside.
@if(vec4)
fn load_x(row_at: u32, q: u32, q_end: u32, shift: i32, c: u32) -> vec4f {
  let j = u32(i32(q * params.stride_w) + shift);
  let inside = (q < q_end) & (j < params.in_w);
  return select(vec4f(), x[(row_at + select(0u, j, inside)) * (params.in_c / 4u) + c], inside);
}

// A kernel row t: the offset of its tap from the window's corner, and its channel.
@if(!vec4)
struct Row {
  down: i32,
  right: i32,
  c: u32,
}

@if(!vec4)
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

@if(!vec4)
fn load_x(row: Row, image: u32, i: i32, q: u32) -> f32 {
  let y = u32(i + row.down);
  let j = u32(i32(q * params.stride_w) + row.right);
  let inside = (q < params.out_w) & (y < params.in_h) & (j < params.in_w);
  return select(0.0, x[select(0u, ((image + y) * params.in_w + j) * params.in_c + row.c, inside)], inside);
}

// Four output channels of a pixel. Channels beyond the group's last one repeat it, so that their sums may overwrite its
// own.
@if(!vec4)
fn load_dy(pixel: u32, k: u32, last: u32) -> vec4f {
  let at = pixel * params.out_c;
  return vec4f(@list(i in 0..4: dy[at + min(k@when(i > 0: + ${i}u), last)]));
}

@if(vec4)
fn store(row: u32, k: u32, value: vec4f) {
  partials[row * (params.out_c / 4u) + k] = value;
}

@if(!vec4)
fn store(row: u32, k: u32, last: u32, value: vec4f) {
  let at = row * params.out_c + min(vec4u(k, k + 1u, k + 2u, k + 3u), vec4u(last));
  @for(i in 0..4) partials[at.${xyzw[i]}] = value.${xyzw[i]};
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
  let part = divide(tile_group, groups);
  let group = tile_group - part * groups;
  let k_end = (group + 1u) * (params.group_k / WIDTH);
  let k_first = group * (params.group_k / WIDTH) + (tile - tile_t * params.tiles_k) * (16u / WIDTH);
  let t = ((tile_t - tile_group * params.tiles_c) * SUBGROUP_SIZE + lane) * 4u;
  let taps = params.kernel_h * params.kernel_w;
  @if(vec4) let t_count = params.group_c;
  @if(vec4) let split = divide(part, taps);
  @if(vec4) let tap = part - split * taps;
  @if(vec4) let r = divide(tap, params.kernel_w);
  @if(vec4) let s = tap - r * params.kernel_w;
  @if(vec4) let c_at = (group * params.group_c + min(t, params.group_c - 4u)) / 4u;
  @if(vec4) let down = i32(r * params.dilation_h) - i32(params.pad_top);
  @if(vec4) let shift = i32(s * params.dilation_w) - i32(params.pad_left);
  @if(!vec4) let t_count = taps * params.group_c;
  @if(!vec4) let split = part;
  @for(i in 0..4) @if(!vec4) let row$i = row_of(min(t@when(i > 0: + ${i}u), t_count - 1u), group);

  // The lane's part of 4 pixels x 16 output channels of dy.
  let part_q = lane / 4u;
  @if(vec4) let part_k = min(k_first + lane % 4u, k_end - 1u);
  @if(!vec4) let part_k = k_first + lane % 4u * 4u;
  @if(vec4) let k_row = params.out_c / 4u;
  @for(i in 0..4) @for(j in 0..4) var a$i$j = vec4f();

  let row_first = split * params.rows_per_split;
  let row_end = min(row_first + params.rows_per_split, params.rows);
  for (var row = row_first; row < row_end; row++) {
    let n = divide(row, params.out_h);
    let dy_row = row * params.out_w;
    @if(vec4) let i = i32((row - n * params.out_h) * params.stride_h) + down;
    @if(vec4) let x_row = (n * params.in_h + u32(i)) * params.in_w;
    @if(vec4) let q_end = select(0u, min(params.out_w, params.pixels - dy_row), u32(i) < params.in_h);
    @if(!vec4) let i = i32((row - n * params.out_h) * params.stride_h);
    @if(!vec4) let image = n * params.in_h;
    @if(!vec4) let q_end = params.out_w;
    for (var q = 0u; q < q_end; q += 4u) {
      // x<pixel>; its components are four kernel rows.
      @for(v in 0..4)
        @if(vec4) let x$v = load_x(x_row, q@when(v > 0: + ${v}u), q_end, shift, c_at);
        @if(!vec4) let x$v = vec4f(@list(t in 0..4: load_x(row$t, image, i, q@when(v > 0: + ${v}u))));
      @end
      let q_part = q + part_q;
      let q_last = q_end - 1u;
      @for(v in 0..4 step SHARED)
        let pixel$v = dy_row + min(q_part@when(v > 0: + ${v}u), q_last);
        @if(vec4) let d$v = dy[pixel$v * k_row + part_k];
        @if(!vec4) let d$v = load_dy(pixel$v, part_k, k_end - 1u);
        @for(same in v + 1..v + SHARED) let d$same = d$v;
      @end
      @if(!subgroups) share(lane, d0);
      @for(j in 0..4)
        {
          let v0 = subgroupBroadcast(d0, ${j}u);
          @for(v in 1..4) let v$v = subgroupBroadcast(d$v, LANE$v@when(j > 0: + ${j}u));
          @for(t in 0..4) a$t$j += @sum(v in 0..4: x$v.${xyzw[t]} * v$v);
        }
      @end
    }
  }

  @if(!vec4) let fours = min(params.four, (k_end - k_first + 3u) / 4u);
  // How many of the lane's kernel rows exist.
  let count = min(params.four, t_count - min(t, t_count));
  for (var p = 0u; p < count; p++) {
    let to = part * t_count + t + p;
    @if(vec4) {
      store(to, k_first, pick4(p, a00, a10, a20, a30));
      if (k_first + 1u < k_end) {
        store(to, k_first + 1u, pick4(p, a01, a11, a21, a31));
        if (k_first + 2u < k_end) {
          store(to, k_first + 2u, pick4(p, a02, a12, a22, a32));
          if (k_first + 3u < k_end) {
            store(to, k_first + 3u, pick4(p, a03, a13, a23, a33));
          }
        }
      }
    }
    @if(!vec4) for (var j = 0u; j < fours; j++) {
      let sum = pick4(j, @list(k in 0..4: pick4(p, @list(i in 0..4: a$i$k))));
      store(to, k_first + j * 4u, k_end - 1u, sum);
    }
  }
}
