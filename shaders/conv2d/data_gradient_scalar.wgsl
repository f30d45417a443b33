// Convolution, data gradient: dx[n,i,j,c] = sum over r,s,k with i = p*stride_h - pad_top + r*dilation_h (j
// likewise) of dy[n,p,q,k] * w[r,s,c,k]. Strides above 1 go by phases: the pixels with the same i mod
// stride_h and j mod stride_w share their taps, so that no tap is wasted. Any padding and groups; a stride
// above 1 only with dilation 1. dy [N,P,Q,K], w [R,S,C/groups,K], dx [N,H,W,C]. Any number of channels. A
// subgroup computes 4 * SUBGROUP_SIZE pixels of one phase x 16 input channels; a lane 4 pixels x 16 channels.
// One subgroup per workgroup; workgroup id = ((phase * pixel tiles + pixel tile) * groups + group) * tiles_c
// + channel tile. CPU adapters: no workgroup memory, accumulators in named values. A load costs about ten
// instructions a lane there and a broadcast one, so the operand that all lanes share is loaded once per
// subgroup, spread over its lanes. Subgroups have exactly 4, 8 or 16 lanes: inject SUBGROUP_SIZE;
// condition subgroup8 from 8 up, subgroup16 for 16.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::pick::pick4;
@if(!subgroups) import package::common::shared_lanes::{share, subgroupBroadcast};
import package::common::subgroup_lanes::{LANE1, LANE2, LANE3};
import constants::SUBGROUP_SIZE;

@if(subgroups) enable subgroups;
@if(subgroups) diagnostic(off, subgroup_uniformity);

struct Params {
  batch: u32,
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
  tiles_c: u32, // ceil(group_c / 16)
  phase_tiles: u32, // ceil(N * ceil(in_h / stride_h) * ceil(in_w / stride_w) / (4 * SUBGROUP_SIZE))
  tiles: u32, // stride_h * stride_w * phase_tiles * groups * tiles_c
  step_h: u32, // stride / gcd(stride, dilation): from one tap that meets an output to the next
  step_w: u32,
  rise_h: u32, // dilation / gcd(stride, dilation): by how many outputs
  rise_w: u32,
  four: u32, // 4: a uniform, so that compilers keep the loop of stores rolled
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

// The input pixels of one phase, and the taps that reach them: kernel row first_r + t * step_h meets output row
// a + base_p - t * rise_h for the phase's a-th row; columns likewise.
struct Phase {
  y: u32,
  x: u32,
  rows: u32,
  columns: u32,
  first_r: u32,
  first_s: u32,
  base_p: i32,
  base_q: i32,
}

// The first of `step` taps that meets an output at all from here, which is `none` where no tap does: tap r does
// where start - r * dilation is a multiple of the stride.
fn first_tap(start: u32, stride: u32, dilation: u32, step: u32, none: u32) -> u32 {
  var found = none;
  for (var r = 0u; r < step; r++) {
    let reach = start + r * dilation * (stride - 1u);
    let meets = divide(reach, stride) * stride == reach;
    found = select(found, r, meets & (found == none));
  }
  return found;
}

fn phase_of(index: u32) -> Phase {
  let y = divide(index, params.stride_w);
  let x = index - y * params.stride_w;
  let top = y + params.pad_top;
  let left = x + params.pad_left;
  let first_r = first_tap(top, params.stride_h, params.dilation_h, params.step_h, params.kernel_h);
  let first_s = first_tap(left, params.stride_w, params.dilation_w, params.step_w, params.kernel_w);
  return Phase(
    y,
    x,
    divide(params.in_h + params.stride_h - 1u - y, params.stride_h),
    divide(params.in_w + params.stride_w - 1u - x, params.stride_w),
    first_r,
    first_s,
    (i32(top) - i32(first_r * params.dilation_h)) / i32(params.stride_h),
    (i32(left) - i32(first_s * params.dilation_w)) / i32(params.stride_w),
  );
}

// An input pixel: its number in dx and where its output rows and columns start.
struct Pixel {
  at: u32,
  exists: bool,
  row: u32, // n * out_h
  p: i32,
  q: i32,
}

fn pixel_of(index: u32, phase: Phase) -> Pixel {
  let row = divide(index, phase.columns);
  let b = index - row * phase.columns;
  let n = divide(row, phase.rows);
  let a = row - n * phase.rows;
  let i = a * params.stride_h + phase.y;
  let j = b * params.stride_w + phase.x;
  let exists = index < params.batch * phase.rows * phase.columns; // a phase may have no pixel at all
  let at = (n * params.in_h + i) * params.in_w + j;
  return Pixel(at, exists, n * params.out_h, i32(a) + phase.base_p, i32(b) + phase.base_q);
}

struct Tap {
  at: u32,
  inside: bool,
}

fn tap_of(pixel: Pixel, up: i32, left: i32, first: u32) -> Tap {
  let p = u32(pixel.p - up);
  let q = u32(pixel.q - left);
  let inside = pixel.exists & (p < params.out_h) & (q < params.out_w);
  let at = ((pixel.row + p) * params.out_w + q) * params.out_c + first;
  return Tap(select(0u, at, inside), inside);
}

fn load_dy(tap: Tap, k: u32, count: u32) -> vec4f {
  let at = tap.at + k;
  let last = count - 1u;
  return select(vec4f(), vec4f(dy[at], dy[at + min(1u, last)], dy[at + min(2u, last)],
    dy[at + min(3u, last)]), vec4<bool>(tap.inside) & vec4<bool>(true, last >= 1u, last >= 2u, last >= 3u));
}

// Four output channels from k on of kernel row c; those from count on are 0.
fn load_w(row: u32, k: u32, count: u32) -> vec4f {
  let at = row * params.out_c + k;
  let last = count - 1u;
  return select(vec4f(), vec4f(w[at], w[at + min(1u, last)], w[at + min(2u, last)], w[at + min(3u, last)]),
    vec4<bool>(true, last >= 1u, last >= 2u, last >= 3u));
}

// Kernel rows beyond the group's last channel repeat it, so that their sums may be stored over its own.
fn store(pixel: u32, c: u32, last: u32, value: vec4f) {
  let at = pixel * params.in_c + min(vec4u(c, c + 1u, c + 2u, c + 3u), vec4u(last));
  dx[at.x] = value.x;
  dx[at.y] = value.y;
  dx[at.z] = value.z;
  dx[at.w] = value.w;
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
  let rest = divide(tile, params.tiles_c);
  let groups = divide(params.in_c, params.group_c);
  let pixel_tile = divide(rest, groups);
  let group = rest - pixel_tile * groups;
  let phase_index = divide(pixel_tile, params.phase_tiles);
  let phase = phase_of(phase_index);
  let c_tile = (tile - rest * params.tiles_c) * 16u;
  let phase_pixels = params.batch * phase.rows * phase.columns;
  let first = (pixel_tile - phase_index * params.phase_tiles) * SUBGROUP_SIZE * 4u + lane * 4u;
  let pixel0 = pixel_of(first, phase);
  let pixel1 = pixel_of(first + 1u, phase);
  let pixel2 = pixel_of(first + 2u, phase);
  let pixel3 = pixel_of(first + 3u, phase);

  // The lane's kernel rows (input channels) of the 16, SUBGROUP_SIZE apart.
  let row0 = min(c_tile + lane, params.group_c - 1u);
  let row1 = min(c_tile + lane + 1u * SUBGROUP_SIZE, params.group_c - 1u);
  let row2 = min(c_tile + lane + 2u * SUBGROUP_SIZE, params.group_c - 1u);
  let row3 = min(c_tile + lane + 3u * SUBGROUP_SIZE, params.group_c - 1u);
  let k_first = group * params.group_k;
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

  var up = 0;
  for (var r = phase.first_r; r < params.kernel_h; r += params.step_h) {
    var left = 0;
    for (var s = phase.first_s; s < params.kernel_w; s += params.step_w) {
      let tap0 = tap_of(pixel0, up, left, k_first);
      let tap1 = tap_of(pixel1, up, left, k_first);
      let tap2 = tap_of(pixel2, up, left, k_first);
      let tap3 = tap_of(pixel3, up, left, k_first);
      let w_tap = (r * params.kernel_w + s) * params.group_c;
      for (var k = 0u; k < params.group_k; k += 4u) {
        let count = params.group_k - k;
        let x0 = load_dy(tap0, k, count);
        let x1 = load_dy(tap1, k, count);
        let x2 = load_dy(tap2, k, count);
        let x3 = load_dy(tap3, k, count);
        let w0 = load_w(w_tap + row0, k_first + k, count);
        @if(subgroup8) let w1 = w0;
        @if(!subgroup8) let w1 = load_w(w_tap + row1, k_first + k, count);
        @if(subgroup16) let w2 = w0;
        @if(subgroup8 && !subgroup16) let w2 = load_w(w_tap + row1, k_first + k, count);
        @if(!subgroup8) let w2 = load_w(w_tap + row2, k_first + k, count);
        @if(subgroup16) let w3 = w0;
        @if(subgroup8 && !subgroup16) let w3 = w2;
        @if(!subgroup8) let w3 = load_w(w_tap + row3, k_first + k, count);
        @if(!subgroups) share(lane, w0);
        {
          let v0 = subgroupBroadcast(w0, 0u);
          let v1 = subgroupBroadcast(w0, 1u);
          let v2 = subgroupBroadcast(w0, 2u);
          let v3 = subgroupBroadcast(w0, 3u);
          a00 += vec4f(dot(x0, v0), dot(x0, v1), dot(x0, v2), dot(x0, v3));
          a10 += vec4f(dot(x1, v0), dot(x1, v1), dot(x1, v2), dot(x1, v3));
          a20 += vec4f(dot(x2, v0), dot(x2, v1), dot(x2, v2), dot(x2, v3));
          a30 += vec4f(dot(x3, v0), dot(x3, v1), dot(x3, v2), dot(x3, v3));
        }
        {
          let v0 = subgroupBroadcast(w1, LANE1);
          let v1 = subgroupBroadcast(w1, LANE1 + 1u);
          let v2 = subgroupBroadcast(w1, LANE1 + 2u);
          let v3 = subgroupBroadcast(w1, LANE1 + 3u);
          a01 += vec4f(dot(x0, v0), dot(x0, v1), dot(x0, v2), dot(x0, v3));
          a11 += vec4f(dot(x1, v0), dot(x1, v1), dot(x1, v2), dot(x1, v3));
          a21 += vec4f(dot(x2, v0), dot(x2, v1), dot(x2, v2), dot(x2, v3));
          a31 += vec4f(dot(x3, v0), dot(x3, v1), dot(x3, v2), dot(x3, v3));
        }
        {
          let v0 = subgroupBroadcast(w2, LANE2);
          let v1 = subgroupBroadcast(w2, LANE2 + 1u);
          let v2 = subgroupBroadcast(w2, LANE2 + 2u);
          let v3 = subgroupBroadcast(w2, LANE2 + 3u);
          a02 += vec4f(dot(x0, v0), dot(x0, v1), dot(x0, v2), dot(x0, v3));
          a12 += vec4f(dot(x1, v0), dot(x1, v1), dot(x1, v2), dot(x1, v3));
          a22 += vec4f(dot(x2, v0), dot(x2, v1), dot(x2, v2), dot(x2, v3));
          a32 += vec4f(dot(x3, v0), dot(x3, v1), dot(x3, v2), dot(x3, v3));
        }
        {
          let v0 = subgroupBroadcast(w3, LANE3);
          let v1 = subgroupBroadcast(w3, LANE3 + 1u);
          let v2 = subgroupBroadcast(w3, LANE3 + 2u);
          let v3 = subgroupBroadcast(w3, LANE3 + 3u);
          a03 += vec4f(dot(x0, v0), dot(x0, v1), dot(x0, v2), dot(x0, v3));
          a13 += vec4f(dot(x1, v0), dot(x1, v1), dot(x1, v2), dot(x1, v3));
          a23 += vec4f(dot(x2, v0), dot(x2, v1), dot(x2, v2), dot(x2, v3));
          a33 += vec4f(dot(x3, v0), dot(x3, v1), dot(x3, v2), dot(x3, v3));
        }
      }
      left += i32(params.rise_w);
    }
    up += i32(params.rise_h);
  }

  let c_end = (group + 1u) * params.group_c;
  let c_first = group * params.group_c + c_tile;
  let tile_blocks = min(params.four, (c_end - c_first + 3u) / 4u);
  // How many of the lane's pixels exist.
  let count = min(params.four, phase_pixels - min(first, phase_pixels));
  for (var p = 0u; p < count; p++) {
    let to = select(select(pixel3.at, pixel2.at, p == 2u), select(pixel1.at, pixel0.at, p == 0u), p < 2u);
    for (var j = 0u; j < tile_blocks; j++) {
      store(to, c_first + j * 4u, c_end - 1u, pick4(j, pick4(p, a00, a10, a20, a30), pick4(p, a01, a11, a21, a31), pick4(p, a02, a12, a22, a32), pick4(p, a03, a13, a23, a33)));
    }
  }
}
