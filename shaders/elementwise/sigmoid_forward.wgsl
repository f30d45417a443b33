// y = s or, if `is_gated` is 1, y = x s (swish), with s = 1 / (1 + exp(-x)); x, y [count lanes].

import package::common::lanes::Lanes;
import package::common::sigmoid::sigmoid;

struct Params { count: u32, is_gated: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Lanes>;
@group(0) @binding(2) var<storage, read_write> y: array<Lanes>;

fn element(i: u32) {
  let value = x[i];
  y[i] = sigmoid(value) * select(Lanes(1.0), value, params.is_gated == 1u);
}
