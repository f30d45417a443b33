// Convolution, forward: y[n,p,q,k] = act(b[k] + sum_rsc x[n, p*stride_h - pad_top + r*dilation_h, .., c] * w[r,s,c,k]),
// with an epilogue: a folded batch norm (scale_k and shift_k, rows 2 and 3 of statistics) and a residual: y =
// act(addend + residual_scale * (scale_k * (that sum) + shift_k)). Any stride, dilation, padding and groups. x
// [N,H,W,C], w [R,S,C/groups,K], b [K], statistics [4,K], addend and y [N,P,Q,K]. With the condition vec4, C/groups and
// K/groups are multiples of 4 and storage holds vec4s; otherwise they are any numbers and storage holds single values.
// A subgroup computes 4 * SUBGROUP_SIZE pixels x 16 channels. Register tile: each lane accumulates 4 neighbouring
// pixels x 16 channels in named values. One subgroup per workgroup; workgroup id = (pixel tile * groups + group) *
// tiles_k + channel tile. For CPU adapters: no workgroup memory. A load costs about ten instructions per lane there and
// a broadcast one, so operands that all lanes share are loaded by one lane and broadcast. Inject SUBGROUP_SIZE, exactly
// 4, 8 or 16, and WIDTH, the number of values in an element of storage.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::pick::pick4;
import package::common::activation::activate;
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
@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read> w: array<Stored>;
@group(0) @binding(3) var<storage, read> b: array<Stored>;
@group(0) @binding(4) var<storage, read_write> y: array<Stored>;
@group(0) @binding(5) var<storage, read> addend: array<Stored>;
@group(0) @binding(6) var<storage, read> statistics: array<Stored>;

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
  let at = ((window.row + iy) * params.in_w + ix) * (params.in_c / WIDTH) + first;
  return Tap(select(0u, at, inside), inside);
}

@if(vec4)
fn store(pixel: u32, k: u32, _last: u32, sum: vec4f) {
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

// Four channels from k on; channels beyond the group's last one repeat it.
@if(!vec4)
fn store(pixel: u32, k: u32, last: u32, sum: vec4f) {
  for (var i = 0u; i < params.four; i++) {
    let channel = min(k + i, last);
    let at = pixel * params.out_c + channel;
    var v = select(select(sum.w, sum.z, i == 2u), select(sum.y, sum.x, i == 0u), i < 2u);
    if (params.has_statistics != 0u) {
      v = v * statistics[2u * params.out_c + channel] + statistics[3u * params.out_c + channel];
    }
    if (params.has_addend != 0u) {
      v = addend[at] + params.residual_scale * v;
    }
    y[at] = activate(vec4f(v), params.activation).x;
  }
}

// Four input channels of a tap; 0 from channel `count` on.
@if(!vec4)
fn load_x(tap: Tap, c: u32, count: u32) -> vec4f {
  let at = tap.at + c;
  let last = count - 1u;
  return select(vec4f(), vec4f(x[at], @list(i in 1..4: x[at + min(${i}u, last)])),
    vec4<bool>(tap.inside) & vec4<bool>(true, @list(i in 1..4: last >= ${i}u)));
}

// Four output channels of a kernel row, all 0 if the row does not exist. Channels beyond the group's last one repeat
// it, so that their sums equal its sum and may overwrite it.
@if(!vec4)
fn load_w(row: u32, k: u32, last: u32, exists: bool) -> vec4f {
  let at = select(0u, row * params.out_c, exists);
  return select(vec4f(), vec4f(@list(i in 0..4: w[at + min(k@when(i > 0: + ${i}u), last)])), exists);
}

@if(!vec4)
fn load_b(k: u32, last: u32) -> vec4f {
  return vec4f(@list(i in 0..4: b[min(k@when(i > 0: + ${i}u), last)]));
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
  let k_end = (group + 1u) * (params.group_k / WIDTH);
  let k_first = group * (params.group_k / WIDTH) + (tile - rest * params.tiles_k) * (16u / WIDTH);
  let c_first = group * (params.group_c / WIDTH);
  let c_count = params.group_c / WIDTH;
  @if(vec4) let w_row = params.out_c / 4u;
  let pixel = (pixel_tile * SUBGROUP_SIZE + lane) * 4u;
  @for(p in 0..4) let window$p = window_of(pixel@when(p > 0: + ${p}u));

  // The lane's part of a kernel block of 4 input x 16 output channels.
  let part_c = lane / 4u;
  @if(vec4) let part_k = min(k_first + lane % 4u, k_end - 1u);
  @if(!vec4) let part_k = k_first + lane % 4u * 4u;

  var bias = vec4f();
  if (params.has_bias != 0u) {
    @if(vec4) bias = b[part_k];
    @if(!vec4) bias = load_b(part_k, k_end - 1u);
  }
  @if(!subgroups) share(lane, bias);
  @for(p in 0..4) @for(j in 0..4) var a$p$j = subgroupBroadcast(bias, ${j}u);

  for (var r = 0u; r < params.kernel_h; r++) {
    for (var s = 0u; s < params.kernel_w; s++) {
      let dy = i32(r * params.dilation_h);
      let dx = i32(s * params.dilation_w);
      @for(p in 0..4) let tap$p = tap_of(window$p, dy, dx, c_first);
      let w_tap = (r * params.kernel_w + s) * params.group_c;
      for (var c = 0u; c < c_count; c += 4u / WIDTH) {
        @if(vec4) let w_at = (w_tap + c * 4u + part_c) * w_row + part_k;
        @if(!vec4) let w_at = w_tap + c + part_c;
        @if(!vec4) let count = params.group_c - c;
        @for(p in 0..4)
          @if(vec4) let x$p = select(vec4f(), x[tap$p.at + c], tap$p.inside);
          @if(!vec4) let x$p = load_x(tap$p, c, count);
        @end
        @for(i in 0..4 step SHARED)
          @if(vec4) let w$i = w[w_at@when(i > 0: + ${i}u * w_row)];
          @if(!vec4) let exists$i = part_c@when(i > 0: + ${i}u) < count;
          @if(!vec4) let w$i = load_w(w_at@when(i > 0: + ${i}u), part_k, k_end - 1u, exists$i);
          @for(same in i + 1..i + SHARED) let w$same = w$i;
        @end
        @if(!subgroups) share(lane, w0);
        @for(j in 0..4)
          {
            let v0 = subgroupBroadcast(w0, ${j}u);
            @for(i in 1..4) let v$i = subgroupBroadcast(w$i, LANE$i@when(j > 0: + ${j}u));
            @for(p in 0..4) a$p$j += @sum(i in 0..4: x$p.${xyzw[i]} * v$i);
          }
        @end
      }
    }
  }

  // How many of the lane's pixels and of the tile's vec4s of channels exist.
  let count = min(params.four, params.pixels - min(pixel, params.pixels));
  let fours = min(params.four, (k_end - k_first + (4u / WIDTH - 1u)) / (4u / WIDTH));
  for (var p = 0u; p < count; p++) {
    for (var j = 0u; j < fours; j++) {
      let sum = pick4(j, @list(k in 0..4: pick4(p, @list(i in 0..4: a$i$k))));
      store(pixel + p, k_first + j * (4u / WIDTH), k_end - 1u, sum);
    }
  }
}
