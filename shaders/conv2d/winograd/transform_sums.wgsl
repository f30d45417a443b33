// Winograd's weight gradient, last stage: dw = G^T m G of the sums for every pair of channels, four output channels per
// thread. m [16][C][K], dw [3,3,C,K].

import package::common::indexing::flat_workgroup;
import package::common::pick::pick4;

struct Params {
  count: u32, // threads: C * K / 4
  three: u32, // 3: a uniform, so that compilers keep the loop of stores rolled
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> m: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dw: array<vec4f>;

// Row r of G^T times a column of four sums.
fn row(r: u32, a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> vec4f {
  let both = 0.5 * (b + c);
  return pick4(r, a + both, 0.5 * (b - c), both + d, d);
}

// Row r of G^T times column j of m.
fn column(r: u32, unit: u32, j: u32) -> vec4f {
  let at = j * params.count + unit;
  let down = 4u * params.count;
  return row(r, m[at], m[at + down], m[at + 2u * down], m[at + 3u * down]);
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
  for (var r = 0u; r < params.three; r++) {
    let a = column(r, unit, 0u);
    let b = column(r, unit, 1u);
    let c = column(r, unit, 2u);
    let d = column(r, unit, 3u);
    let to = r * 3u * params.count + unit;
    dw[to] = row(0u, a, b, c, d);
    dw[to + params.count] = row(1u, a, b, c, d);
    dw[to + 2u * params.count] = row(2u, a, b, c, d);
  }
}
