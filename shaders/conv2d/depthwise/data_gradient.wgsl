// Depthwise convolution, data gradient, any kernel, stride, dilation and multiplier: dx[n,i,j,c] = sum over r,s,m with
// i = p*stride_h - pad_top + r*dilation_h (j likewise) of dy[n,p,q, c*M + m] * w[r,s,c,m]. dy [N,P,Q,C*M], w [R,S,C,M],
// dx [N,H,W,C]. A thread computes one input channel of a pixel, or four with the condition vec4 (M = 1, C a multiple of
// 4). Thread id = ((n*H + i) * W + j) * in_c + c.

import package::common::divide::divide;
import package::common::indexing::flat_workgroup;
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
}

@group(0) @binding(0) var<uniform> params: Params;
@if(vec4) @group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@if(!vec4) @group(0) @binding(1) var<storage, read> dy: array<f32>;
@if(vec4) @group(0) @binding(2) var<storage, read> w: array<vec4f>;
@if(!vec4) @group(0) @binding(2) var<storage, read> w: array<f32>;
@if(vec4) @group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;
@if(!vec4) @group(0) @binding(3) var<storage, read_write> dx: array<f32>;

@if(vec4) alias Value = vec4f;
@if(!vec4) alias Value = f32;

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let id = flat_workgroup(workgroup, workgroups) * THREADS + thread;
  let pixel = divide(id, params.in_c);
  let c = id - pixel * params.in_c;
  let row = divide(pixel, params.in_w);
  let j = pixel - row * params.in_w;
  let n = divide(row, params.in_h);
  if (n >= params.batch) {
    return;
  }
  let i = row - n * params.in_h;
  var sum = Value();
  for (var r = 0u; r < params.kernel_h; r++) {
    let down = i + params.pad_top - r * params.dilation_h; // unsigned: negative wraps, is outside
    let p = divide(down, params.stride_h);
    let row_inside = (down < 0x80000000u) & (p * params.stride_h == down) & (p < params.out_h);
    for (var s = 0u; s < params.kernel_w; s++) {
      let right = j + params.pad_left - s * params.dilation_w;
      let q = divide(right, params.stride_w);
      if (row_inside & (right < 0x80000000u) & (q * params.stride_w == right) & (q < params.out_w)) {
        let dy_at = ((n * params.out_h + p) * params.out_w + q) * params.out_c + c * params.multiplier;
        let w_at = (r * params.kernel_w + s) * params.out_c + c * params.multiplier;
        for (var m = 0u; m < params.multiplier; m++) {
          sum += dy[dy_at + m] * w[w_at + m];
        }
      }
    }
  }
  dx[id] = sum;
}
