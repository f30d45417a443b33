// dx = dy (share + x density): the slope of gelu_forward.wgsl; x, dy, dx [count lanes].

import package::common::lanes::Lanes;
import package::common::gelu::{normal_share, normal_density};

struct Params { count: u32, approximate: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Lanes>;
@group(0) @binding(2) var<storage, read> dy: array<Lanes>;
@group(0) @binding(3) var<storage, read_write> dx: array<Lanes>;

fn element(i: u32) {
  let value = x[i];
  let is_approximate = params.approximate == 1u;
  dx[i] = dy[i] * (normal_share(value, is_approximate) + value * normal_density(value, is_approximate));
}
