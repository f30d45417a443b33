// dx = dy s (1 - s) or, if `is_gated` is 1, dy (s + x s (1 - s)), with s = 1 / (1 + exp(-x)); x, dy, dx [count lanes].

import package::common::lanes::Lanes;
import package::common::sigmoid::sigmoid;

struct Params { count: u32, is_gated: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Lanes>;
@group(0) @binding(2) var<storage, read> dy: array<Lanes>;
@group(0) @binding(3) var<storage, read_write> dx: array<Lanes>;

fn element(i: u32) {
  let value = x[i];
  let s = sigmoid(value);
  let slope = s * (1.0 - s);
  dx[i] = dy[i] * select(slope, s + value * slope, params.is_gated == 1u);
}
