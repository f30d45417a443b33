// y = x, element by element, converted between types that the linker sets; x, y [count lanes].

import package::common::lanes::Lanes;

struct Params { count: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Lanes>;
@group(0) @binding(2) var<storage, read_write> y: array<Lanes>;

fn element(i: u32) {
  y[i] = x[i];
}
