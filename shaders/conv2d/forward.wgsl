// Convolution, forward: y[n,p,q,k] = act(b[k] + sum_rsc x[n, p*stride_h - pad_top + r*dilation_h, .., c] *
// w[r,s,c,k]), with what follows folded in: a batch norm (scale_k and shift_k, rows 2 and 3 of statistics) and a
// residual: y = act(addend + residual_scale * (scale_k * (that sum) + shift_k)). Any stride,
// dilation, padding and groups. x [N,H,W,C], w [R,S,C/groups,K], b [K], statistics [4,K], addend and y [N,P,Q,K]. C/groups and
// K/groups are multiples of 4. A subgroup computes 4 * SUBGROUP_SIZE pixels x 16 channels; a lane 4
// neighbouring pixels x 16 channels. One subgroup per workgroup; workgroup id = (pixel tile * groups + group)
// * tiles_k + channel tile. CPU adapters: no workgroup memory, accumulators in named values. A load costs
// about ten instructions a lane there and a broadcast one, so the operand that all lanes share is loaded once
// per subgroup, spread over its lanes. Subgroups have exactly 4, 8 or 16 lanes: inject SUBGROUP_SIZE;
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
  pixels: u32, // N * out_h * out_w
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
  has_bias: u32, // 0: b is not read
  activation: u32, // see common/activation
  tiles_k: u32, // ceil(group_k / 16)
  tiles: u32, // ceil(pixels / (4 * SUBGROUP_SIZE)) * groups * tiles_k
  four: u32, // 4: a uniform, so that compilers keep the loop of stores rolled
  has_statistics: u32, // 0: statistics are not read
  has_addend: u32, // 0: addend is not read
  residual_scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read> b: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<storage, read> addend: array<vec4f>;
@group(0) @binding(6) var<storage, read> statistics: array<vec4f>;

// Where an output pixel's window starts.
struct Window {
  row: u32, // n * in_h, in rows
  top: i32,
  left: i32,
}

fn window_of(pixel: u32) -> Window {
  let m = min(pixel, params.pixels - 1u);
  let row = divide(m, params.out_w);
  let q = m - row * params.out_w;
  let n = divide(row, params.out_h);
  let p = row - n * params.out_h;
  return Window(
    n * params.in_h,
    i32(p * params.stride_h) - i32(params.pad_top),
    i32(q * params.stride_w) - i32(params.pad_left),
  );
}

// A tap of a window: where its first channel lies, and whether it is inside the image.
struct Tap {
  at: u32,
  inside: bool,
}

fn tap_of(window: Window, dy: i32, dx: i32, first: u32) -> Tap {
  let iy = u32(window.top + dy);
  let ix = u32(window.left + dx);
  let inside = (iy < params.in_h) & (ix < params.in_w);
  let at = ((window.row + iy) * params.in_w + ix) * (params.in_c / 4u) + first;
  return Tap(select(0u, at, inside), inside);
}

fn store(pixel: u32, k: u32, sum: vec4f) {
  let row = params.out_c / 4u;
  let at = pixel * row + k;
  var v = sum;
  if (params.has_statistics != 0u) {
    v = v * statistics[2u * row + k] + statistics[3u * row + k];
  }
  if (params.has_addend != 0u) {
    v = addend[at] + params.residual_scale * v;
  }
  y[at] = activate(v, params.activation);
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
  let rest = divide(tile, params.tiles_k);
  let groups = divide(params.in_c, params.group_c);
  let pixel_tile = divide(rest, groups);
  let group = rest - pixel_tile * groups;
  let k_end = (group + 1u) * (params.group_k / 4u);
  let k_first = group * (params.group_k / 4u) + (tile - rest * params.tiles_k) * 4u;
  let c_first = group * (params.group_c / 4u);
  let c_count = params.group_c / 4u;
  let w_row = params.out_c / 4u;
  let pixel = (pixel_tile * SUBGROUP_SIZE + lane) * 4u;
  let window0 = window_of(pixel);
  let window1 = window_of(pixel + 1u);
  let window2 = window_of(pixel + 2u);
  let window3 = window_of(pixel + 3u);

  // The lane's part of a kernel block of 4 input x 16 output channels.
  let part_c = lane / 4u;
  let part_k = min(k_first + lane % 4u, k_end - 1u);

  var bias = vec4f();
  if (params.has_bias != 0u) {
    bias = b[part_k];
  }
  @if(!subgroups) share(lane, bias);
  var a00 = subgroupBroadcast(bias, 0u);
  var a01 = subgroupBroadcast(bias, 1u);
  var a02 = subgroupBroadcast(bias, 2u);
  var a03 = subgroupBroadcast(bias, 3u);
  var a10 = subgroupBroadcast(bias, 0u);
  var a11 = subgroupBroadcast(bias, 1u);
  var a12 = subgroupBroadcast(bias, 2u);
  var a13 = subgroupBroadcast(bias, 3u);
  var a20 = subgroupBroadcast(bias, 0u);
  var a21 = subgroupBroadcast(bias, 1u);
  var a22 = subgroupBroadcast(bias, 2u);
  var a23 = subgroupBroadcast(bias, 3u);
  var a30 = subgroupBroadcast(bias, 0u);
  var a31 = subgroupBroadcast(bias, 1u);
  var a32 = subgroupBroadcast(bias, 2u);
  var a33 = subgroupBroadcast(bias, 3u);

  for (var r = 0u; r < params.kernel_h; r++) {
    for (var s = 0u; s < params.kernel_w; s++) {
      let dy = i32(r * params.dilation_h);
      let dx = i32(s * params.dilation_w);
      let tap0 = tap_of(window0, dy, dx, c_first);
      let tap1 = tap_of(window1, dy, dx, c_first);
      let tap2 = tap_of(window2, dy, dx, c_first);
      let tap3 = tap_of(window3, dy, dx, c_first);
      let w_tap = (r * params.kernel_w + s) * params.group_c;
      for (var c = 0u; c < c_count; c++) {
        let x0 = select(vec4f(), x[tap0.at + c], tap0.inside);
        let x1 = select(vec4f(), x[tap1.at + c], tap1.inside);
        let x2 = select(vec4f(), x[tap2.at + c], tap2.inside);
        let x3 = select(vec4f(), x[tap3.at + c], tap3.inside);
        let w_at = (w_tap + c * 4u + part_c) * w_row + part_k;
        let w0 = w[w_at];
        @if(subgroup8) let w1 = w0;
        @if(!subgroup8) let w1 = w[w_at + 1u * w_row];
        @if(subgroup16) let w2 = w0;
        @if(!subgroup16) let w2 = w[w_at + 2u * w_row];
        @if(subgroup16) let w3 = w0;
        @if(subgroup8 && !subgroup16) let w3 = w2;
        @if(!subgroup8) let w3 = w[w_at + 3u * w_row];
        @if(!subgroups) share(lane, w0);
        {
          let v0 = subgroupBroadcast(w0, 0u);
          let v1 = subgroupBroadcast(w1, LANE1);
          let v2 = subgroupBroadcast(w2, LANE2);
          let v3 = subgroupBroadcast(w3, LANE3);
          a00 += x0.x * v0 + x0.y * v1 + x0.z * v2 + x0.w * v3;
          a10 += x1.x * v0 + x1.y * v1 + x1.z * v2 + x1.w * v3;
          a20 += x2.x * v0 + x2.y * v1 + x2.z * v2 + x2.w * v3;
          a30 += x3.x * v0 + x3.y * v1 + x3.z * v2 + x3.w * v3;
        }
        {
          let v0 = subgroupBroadcast(w0, 1u);
          let v1 = subgroupBroadcast(w1, LANE1 + 1u);
          let v2 = subgroupBroadcast(w2, LANE2 + 1u);
          let v3 = subgroupBroadcast(w3, LANE3 + 1u);
          a01 += x0.x * v0 + x0.y * v1 + x0.z * v2 + x0.w * v3;
          a11 += x1.x * v0 + x1.y * v1 + x1.z * v2 + x1.w * v3;
          a21 += x2.x * v0 + x2.y * v1 + x2.z * v2 + x2.w * v3;
          a31 += x3.x * v0 + x3.y * v1 + x3.z * v2 + x3.w * v3;
        }
        {
          let v0 = subgroupBroadcast(w0, 2u);
          let v1 = subgroupBroadcast(w1, LANE1 + 2u);
          let v2 = subgroupBroadcast(w2, LANE2 + 2u);
          let v3 = subgroupBroadcast(w3, LANE3 + 2u);
          a02 += x0.x * v0 + x0.y * v1 + x0.z * v2 + x0.w * v3;
          a12 += x1.x * v0 + x1.y * v1 + x1.z * v2 + x1.w * v3;
          a22 += x2.x * v0 + x2.y * v1 + x2.z * v2 + x2.w * v3;
          a32 += x3.x * v0 + x3.y * v1 + x3.z * v2 + x3.w * v3;
        }
        {
          let v0 = subgroupBroadcast(w0, 3u);
          let v1 = subgroupBroadcast(w1, LANE1 + 3u);
          let v2 = subgroupBroadcast(w2, LANE2 + 3u);
          let v3 = subgroupBroadcast(w3, LANE3 + 3u);
          a03 += x0.x * v0 + x0.y * v1 + x0.z * v2 + x0.w * v3;
          a13 += x1.x * v0 + x1.y * v1 + x1.z * v2 + x1.w * v3;
          a23 += x2.x * v0 + x2.y * v1 + x2.z * v2 + x2.w * v3;
          a33 += x3.x * v0 + x3.y * v1 + x3.z * v2 + x3.w * v3;
        }
      }
    }
  }

  // How many of the lane's pixels and of the tile's fours of channels exist.
  let count = min(params.four, params.pixels - min(pixel, params.pixels));
  let fours = min(params.four, k_end - k_first);
  for (var p = 0u; p < count; p++) {
    for (var j = 0u; j < fours; j++) {
      let sum = pick4(j, pick4(p, a00, a10, a20, a30), pick4(p, a01, a11, a21, a31),
        pick4(p, a02, a12, a22, a32), pick4(p, a03, a13, a23, a33));
      store(pixel + p, k_first + j, sum);
    }
  }
}
