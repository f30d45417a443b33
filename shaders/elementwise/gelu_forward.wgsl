// y = x P(X <= x) for a standard normal X (GELU, Hendrycks and Gimpel 2016) or, where `approximate` is 1, by tanh;
// x, y [count lanes].

import package::common::lanes::Lanes;
import package::common::gelu::normal_share;

struct Params { count: u32, approximate: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Lanes>;
@group(0) @binding(2) var<storage, read_write> y: array<Lanes>;

fn element(i: u32) {
  let value = x[i];
  y[i] = value * normal_share(value, params.approximate == 1u);
}
