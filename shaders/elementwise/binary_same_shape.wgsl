// y = a + scale * b, or y = a * b under the condition `multiply`; a, b, y [count lanes].

import package::common::lanes::Lanes;

struct Params { count: u32, scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<Lanes>;
@group(0) @binding(2) var<storage, read> b: array<Lanes>;
@group(0) @binding(3) var<storage, read_write> y: array<Lanes>;

fn element(i: u32) {
  @if(multiply) y[i] = a[i] * b[i];
  @else y[i] = a[i] + params.scale * b[i];
}
