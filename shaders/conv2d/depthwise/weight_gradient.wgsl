// Depthwise convolution, weight gradient, any kernel, stride, dilation and multiplier: dw[r,s,k] = sum_npq x[n,
// p*stride_h - pad_top + r*dilation_h, .., k / M] * dy[n,p,q,k], k = c*M + m, as partial sums over parts of the output
// rows, partials [splits][R,S,C*M]. With splits = 1 that is dw itself; otherwise reduce/sum_partials adds them. x
// [N,H,W,C], dy [N,P,Q,C*M]. A thread sums one tap of one output channel, or of four with the condition vec4 (M = 1, C
// a multiple of 4), over the rows of its split. Thread id = (split * R*S + tap) * out_c + k.

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
  splits: u32,
  rows_per_split: u32, // ceil(N * out_h / splits)
}

@group(0) @binding(0) var<uniform> params: Params;
@if(vec4) @group(0) @binding(1) var<storage, read> x: array<vec4f>;
@if(!vec4) @group(0) @binding(1) var<storage, read> x: array<f32>;
@if(vec4) @group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@if(!vec4) @group(0) @binding(2) var<storage, read> dy: array<f32>;
@if(vec4) @group(0) @binding(3) var<storage, read_write> partials: array<vec4f>;
@if(!vec4) @group(0) @binding(3) var<storage, read_write> partials: array<f32>;

@if(vec4) alias Value = vec4f;
@if(!vec4) alias Value = f32;

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let id = flat_workgroup(workgroup, workgroups) * THREADS + thread;
  let taps = params.kernel_h * params.kernel_w;
  let tile = divide(id, params.out_c);
  let k = id - tile * params.out_c;
  let split = divide(tile, taps);
  if (split >= params.splits) {
    return;
  }
  let tap = tile - split * taps;
  let r = divide(tap, params.kernel_w);
  let s = tap - r * params.kernel_w;
  let c = divide(k, params.multiplier);
  let first = split * params.rows_per_split;
  let end = min(first + params.rows_per_split, params.batch * params.out_h);
  var sum = Value();
  for (var row = first; row < end; row++) {
    let n = divide(row, params.out_h);
    let i = (row - n * params.out_h) * params.stride_h + r * params.dilation_h - params.pad_top;
    if (i < params.in_h) {
      for (var q = 0u; q < params.out_w; q++) {
        let j = q * params.stride_w + s * params.dilation_w - params.pad_left;
        if (j < params.in_w) {
          sum += x[((n * params.in_h + i) * params.in_w + j) * params.in_c + c] *
            dy[(row * params.out_w + q) * params.out_c + k];
        }
      }
    }
  }
  partials[id] = sum;
}
