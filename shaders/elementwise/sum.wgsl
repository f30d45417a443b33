// y = x0 + x1 + x2 (+ x3 if `terms` is 4), added in this order; x0 … x3, y [count lanes].

import package::common::lanes::Lanes;

struct Params { count: u32, terms: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x0: array<Lanes>;
@group(0) @binding(2) var<storage, read> x1: array<Lanes>;
@group(0) @binding(3) var<storage, read> x2: array<Lanes>;
@group(0) @binding(4) var<storage, read> x3: array<Lanes>;
@group(0) @binding(5) var<storage, read_write> y: array<Lanes>;

fn element(i: u32) {
  var sum = x0[i] + x1[i] + x2[i];
  if (params.terms == 4u) { sum += x3[i]; }
  y[i] = sum;
}
