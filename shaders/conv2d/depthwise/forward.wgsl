// Depthwise convolution, any kernel, stride, dilation and multiplier: y[n,p,q,k] = act(b[k] + sum_rs x[n, p*stride_h -
// pad_top + r*dilation_h, .., k / M] * w[r,s,k]), k = c*M + m. x [N,H,W,C], w [R,S,C,M], b [C*M], y [N,P,Q,C*M]. A
// thread computes 4 neighbouring columns of one output channel, or of four with the condition vec4 (M = 1, C a multiple
// of 4). Thread id = ((n*P + p) * column_tiles + tile) * out_c + k.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
import package::common::activation::activate;
import constants::THREADS;

struct Params {
  batch: u32,
  in_h: u32,
  in_w: u32,
  in_c: u32, // C, in vec4s with vec4
  out_h: u32,
  out_w: u32,
  out_c: u32, // C * M, in vec4s with vec4
  multiplier: u32, // M; 1 with vec4
  kernel_h: u32,
  kernel_w: u32,
  stride_h: u32,
  stride_w: u32,
  dilation_h: u32,
  dilation_w: u32,
  pad_top: u32,
  pad_left: u32,
  column_tiles: u32, // ceil(out_w / 4)
  has_bias: u32, // 0: b is not read
  activation: u32, // see common/activation
}

@group(0) @binding(0) var<uniform> params: Params;
@if(vec4) @group(0) @binding(1) var<storage, read> x: array<vec4f>;
@if(!vec4) @group(0) @binding(1) var<storage, read> x: array<f32>;
@if(vec4) @group(0) @binding(2) var<storage, read> w: array<vec4f>;
@if(!vec4) @group(0) @binding(2) var<storage, read> w: array<f32>;
@if(vec4) @group(0) @binding(3) var<storage, read> b: array<vec4f>;
@if(!vec4) @group(0) @binding(3) var<storage, read> b: array<f32>;
@if(vec4) @group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@if(!vec4) @group(0) @binding(4) var<storage, read_write> y: array<f32>;

@if(vec4) alias Value = vec4f;
@if(!vec4) alias Value = f32;

fn load_x(row_at: u32, row_inside: bool, j: u32, c: u32) -> Value {
  let inside = row_inside & (j < params.in_w);
  return select(Value(), x[select(0u, (row_at + j) * params.in_c + c, inside)], inside);
}

fn store(row: u32, q: u32, k: u32, sum: Value) {
  if (q < params.out_w) {
    @if(vec4) y[(row * params.out_w + q) * params.out_c + k] = activate(sum, params.activation);
    @if(!vec4) y[(row * params.out_w + q) * params.out_c + k] = activate(vec4f(sum), params.activation).x;
  }
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let id = flat_workgroup(workgroup, workgroups) * THREADS + thread;
  let tile = divide(id, params.out_c);
  let k = id - tile * params.out_c;
  let row = divide(tile, params.column_tiles);
  let q = (tile - row * params.column_tiles) * 4u;
  let n = divide(row, params.out_h);
  if (n >= params.batch) {
    return;
  }
  let p = row - n * params.out_h;
  let c = divide(k, params.multiplier);
  var sum = Value();
  if (params.has_bias != 0u) {
    sum = b[k];
  }
  @for(v in 0..4) var a$v = sum;
  for (var r = 0u; r < params.kernel_h; r++) {
    let i = p * params.stride_h + r * params.dilation_h - params.pad_top;
    let inside = i < params.in_h;
    let row_at = (n * params.in_h + i) * params.in_w;
    for (var s = 0u; s < params.kernel_w; s++) {
      let j = q * params.stride_w + s * params.dilation_w - params.pad_left;
      let tap = w[(r * params.kernel_w + s) * params.out_c + k];
      @for(v in 0..4)
        a$v += load_x(row_at, inside, j@when(v > 0: + @when(v > 1:${v}u *) params.stride_w), c) * tap;
      @end
    }
  }
  @for(v in 0..4) store(row, q@when(v > 0: + ${v}u), k, a$v);
}
