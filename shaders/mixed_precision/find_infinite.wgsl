// flags[t] = 1 if thread t finds an infinity or a NaN in x, or if `chained` is set and previous[t] is 1; else 0. x
// [count] in blocks of 64 elements. `filled` holds one byte per block, four blocks per word, the first in the lowest
// byte: how many elements at the start of the block count. The rest is padding and may hold anything. flags and
// previous [threads]. Exponents are compared as bits, because compilers may assume that numbers are finite. Thread t
// checks every threads-th element from t on.

import package::common::indexing::flat_workgroup;

struct Params { count: u32, threads: u32, chained: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> previous: array<f32>;
@group(0) @binding(3) var<storage, read> filled: array<u32>;
@group(0) @binding(4) var<storage, read_write> flags: array<f32>;

const EXPONENT = 0x7f800000u;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lid: u32,
) {
  let thread = flat_workgroup(wid, nwg) * 64u + lid;
  if (thread >= params.threads) { return; }
  var found = false;
  for (var i = thread; i < params.count; i += params.threads) {
    let block = i >> 6u;
    let is_padding = (i & 63u) >= extractBits(filled[block >> 2u], (block & 3u) * 8u, 8u);
    found |= !is_padding && (bitcast<u32>(x[i]) & EXPONENT) == EXPONENT;
  }
  var flag = select(0.0, 1.0, found);
  if (params.chained == 1u) { flag = max(flag, previous[thread]); }
  flags[thread] = flag;
}
