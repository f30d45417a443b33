// Winograd F(2x2, 3x3), first stage (Lavin and Gray 2016): u = G g G^T of every 3x3 kernel g, four output channels per
// thread. u [16][outputs / 16][inputs][16]: the values for one step of products.wgsl are contiguous. The data gradient
// uses w rotated by 180 degrees, with inputs and outputs exchanged: tap_first, tap_step and the strides express that.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;

struct Params {
  inputs: u32, // channels of the reduction
  outputs: u32,
  input_stride: u32, // stride between channels in w, in elements
  output_stride: u32,
  tap_first: u32, // offset of the first tap in w
  tap_step: i32, // stride between taps
  count: u32, // threads: ceil(outputs / 16) * inputs * 4
  four: u32, // 4: a uniform, so that compilers keep the loop of stores rolled
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> u: array<vec4f>;

fn tap(at: u32, number: i32) -> vec4f {
  let first = u32(i32(at) + number * params.tap_step);
  return vec4f(
    w[first],
    w[first + params.output_stride],
    w[first + 2u * params.output_stride],
    w[first + 3u * params.output_stride],
  );
}

// Row i of G times a column of taps.
fn row(i: u32, top: vec4f, middle: vec4f, bottom: vec4f) -> vec4f {
  let sides = 0.5 * (top + bottom);
  let mixed = select(sides - 0.5 * middle, sides + 0.5 * middle, i == 1u);
  return select(select(mixed, bottom, i == 3u), top, i == 0u);
}

@compute @workgroup_size(16)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let unit = flat_workgroup(workgroup, workgroups) * 16u + thread;
  if (unit >= params.count) {
    return;
  }
  let rest = unit / 4u;
  let output_tile = divide(rest, params.inputs);
  let input = rest - output_tile * params.inputs;
  let output = min((output_tile * 4u + unit % 4u) * 4u, params.outputs - 4u);
  let at = params.tap_first + input * params.input_stride + output * params.output_stride;
  @for(r in 0..3) @for(s in 0..3) let g$r$s = tap(at, ${3 * r + s});
  for (var i = 0u; i < params.four; i++) {
    let left = row(i, g00, g10, g20);
    let middle = row(i, g01, g11, g21);
    let right = row(i, g02, g12, g22);
    let to = i * 4u * params.count + unit;
    u[to] = left;
    u[to + params.count] = row(1u, left, middle, right);
    u[to + 2u * params.count] = row(2u, left, middle, right);
    u[to + 3u * params.count] = right;
  }
}
