// Convolution, data gradient: dx[n,i,j,c] = sum over r,s,k with i = p*stride_h - pad_top + r*dilation_h (j likewise) of
// dy[n,p,q,k] * w[r,s,c,k]. Strides above 1 are split into phases: pixels with the same i mod stride_h and j mod
// stride_w share their taps, so that no tap is wasted. Any padding and groups; a stride above 1 only with dilation 1.
// dy [N,P,Q,K], w [R,S,C/groups,K], dx [N,H,W,C]. With the condition vec4, C/groups and K/groups are multiples of 4 and
// storage holds vec4s; otherwise they are any numbers and storage holds single values. A subgroup computes 4 *
// SUBGROUP_SIZE pixels of one phase x 16 input channels. Register tile: each lane accumulates 4 pixels x 16 channels in
// named values. One subgroup per workgroup; workgroup id = ((phase * pixel tiles + pixel tile) * groups + group) *
// tiles_c + channel tile. For CPU adapters: no workgroup memory. A load costs about ten instructions per lane there and
// a broadcast one, so operands that all lanes share are loaded by one lane and broadcast. Inject SUBGROUP_SIZE, exactly
// 4, 8 or 16, and WIDTH, the number of values in an element of storage.

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
  step_h: u32, // stride / gcd(stride, dilation): the step from one tap that meets an output to the next
  step_w: u32,
  rise_h: u32, // dilation / gcd(stride, dilation): the same step in outputs
  rise_w: u32,
  four: u32, // 4: a uniform, so that compilers keep the loop of stores rolled
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Stored>;
@group(0) @binding(2) var<storage, read> w: array<Stored>;
@group(0) @binding(3) var<storage, read_write> dx: array<Stored>;

// The input pixels of one phase, and the taps that reach them: for the phase's a-th row, kernel row first_r + t *
// step_h meets output row a + base_p - t * rise_h; columns likewise.
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

// The first of `step` taps that meets an output, or `none`: tap r meets one if start - r * dilation is a multiple of
// the stride.
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

// An input pixel: its number in dx, and where its output rows and columns start.
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
  let at = ((pixel.row + p) * params.out_w + q) * (params.out_c / WIDTH) + first;
  return Tap(select(0u, at, inside), inside);
}

@if(vec4)
fn store(pixel: u32, c: u32, value: vec4f) {
  dx[pixel * (params.in_c / 4u) + c] = value;
}

// Kernel rows beyond the group's last channel repeat it, so that their sums may overwrite its own.
@if(!vec4)
fn store(pixel: u32, c: u32, last: u32, value: vec4f) {
  let at = pixel * params.in_c + min(vec4u(c, c + 1u, c + 2u, c + 3u), vec4u(last));
  @for(i in 0..4) dx[at.${xyzw[i]}] = value.${xyzw[i]};
}

// Four output channels of a tap; 0 from channel `count` on.
@if(!vec4)
fn load_dy(tap: Tap, k: u32, count: u32) -> vec4f {
  let at = tap.at + k;
  let last = count - 1u;
  return select(vec4f(), vec4f(dy[at], @list(i in 1..4: dy[at + min(${i}u, last)])),
    vec4<bool>(tap.inside) & vec4<bool>(true, @list(i in 1..4: last >= ${i}u)));
}

// Four output channels of a kernel row; 0 from channel `count` on.
@if(!vec4)
fn load_w(at: u32, count: u32) -> vec4f {
  let last = count - 1u;
  return select(vec4f(), vec4f(w[at], @list(i in 1..4: w[at + min(${i}u, last)])),
    vec4<bool>(true, @list(i in 1..4: last >= ${i}u)));
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
  @for(p in 0..4) let pixel$p = pixel_of(first@when(p > 0: + ${p}u), phase);

  // The lane's kernel rows (input channels) of the 16; they are SUBGROUP_SIZE apart.
  @for(i in 0..4)
    let row$i = min(c_tile + lane@when(i > 0: + ${i}u * SUBGROUP_SIZE), params.group_c - 1u);
  @end
  let k_first = group * (params.group_k / WIDTH);
  let k_count = params.group_k / WIDTH;
  let w_row = params.out_c / WIDTH;
  @for(p in 0..4) @for(j in 0..4) var a$p$j = vec4f();

  var up = 0;
  for (var r = phase.first_r; r < params.kernel_h; r += params.step_h) {
    var left = 0;
    for (var s = phase.first_s; s < params.kernel_w; s += params.step_w) {
      @for(p in 0..4) let tap$p = tap_of(pixel$p, up, left, k_first);
      let w_tap = (r * params.kernel_w + s) * params.group_c;
      @for(i in 0..4) let w_at$i = (w_tap + row$i) * w_row + k_first;
      for (var k = 0u; k < k_count; k += 4u / WIDTH) {
        @if(!vec4) let count = params.group_k - k;
        @for(p in 0..4)
          @if(vec4) let x$p = select(vec4f(), dy[tap$p.at + k], tap$p.inside);
          @if(!vec4) let x$p = load_dy(tap$p, k, count);
        @end
        @for(i in 0..4 step SHARED)
          @if(vec4) let w$i = w[w_at${i / SHARED} + k];
          @if(!vec4) let w$i = load_w(w_at${i / SHARED} + k, count);
          @for(same in i + 1..i + SHARED) let w$same = w$i;
        @end
        @if(!subgroups) share(lane, w0);
        @for(j in 0..4)
          {
            @for(i in 0..4)
              let v$i = subgroupBroadcast(w$j, @when(j == 0:${i}u)@when(j > 0:LANE$j@when(i > 0: + ${i}u)));
            @end
            @for(p in 0..4) a$p$j += vec4f(@list(i in 0..4: dot(x$p, v$i)));
          }
        @end
      }
      left += i32(params.rise_w);
    }
    up += i32(params.rise_h);
  }

  let c_end = (group + 1u) * (params.group_c / WIDTH);
  let c_first = group * (params.group_c / WIDTH) + c_tile / WIDTH;
  @if(!vec4) let fours = min(params.four, (c_end - c_first + 3u) / 4u);
  // How many of the lane's pixels exist.
  let count = min(params.four, phase_pixels - min(first, phase_pixels));
  for (var p = 0u; p < count; p++) {
    let to = select(select(pixel3.at, pixel2.at, p == 2u), select(pixel1.at, pixel0.at, p == 0u), p < 2u);
    @if(vec4) {
      store(to, c_first, pick4(p, a00, a10, a20, a30));
      if (c_first + 1u < c_end) {
        store(to, c_first + 1u, pick4(p, a01, a11, a21, a31));
        if (c_first + 2u < c_end) {
          store(to, c_first + 2u, pick4(p, a02, a12, a22, a32));
          if (c_first + 3u < c_end) {
            store(to, c_first + 3u, pick4(p, a03, a13, a23, a33));
          }
        }
      }
    }
    @if(!vec4) for (var j = 0u; j < fours; j++) {
      let sum = pick4(j, @list(k in 0..4: pick4(p, @list(i in 0..4: a$i$k))));
      store(to, c_first + j * 4u, c_end - 1u, sum);
    }
  }
}
