// Folds a batch norm's scale and shift (rows 2 and 3 of statistics [4, channels]) into the weights of a depthwise
// convolution: folded[i] = w[i] · scale_c, c the last index, and bias[c] = b[c] · scale_c + shift_c. w, folded [count];
// b, bias [channels]. A thread computes one weight; the first thread of each channel computes its bias as well.

import package::common::indexing::flat_workgroup;

struct Params { count: u32, channels: u32, has_bias: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> statistics: array<f32>;
@group(0) @binding(4) var<storage, read_write> folded: array<f32>;
@group(0) @binding(5) var<storage, read_write> bias: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lid: u32,
) {
  let i = flat_workgroup(wid, nwg) * 64u + lid;
  if (i >= params.count) { return; }
  let channel = i % params.channels;
  let scale = statistics[2u * params.channels + channel];
  folded[i] = w[i] * scale;
  if (i == channel) {
    var shift = statistics[3u * params.channels + channel];
    if (params.has_bias != 0u) { shift += b[channel] * scale; }
    bias[channel] = shift;
  }
}
