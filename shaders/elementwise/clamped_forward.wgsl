// y = scale x + offset, clamped to 0 … cap: ReLU, ReLU6 and the hard sigmoid; x, y [count lanes].

import package::common::lanes::Lanes;

struct Params { count: u32, scale: f32, offset: f32, cap: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Lanes>;
@group(0) @binding(2) var<storage, read_write> y: array<Lanes>;

fn element(i: u32) {
  y[i] = clamp(params.scale * x[i] + params.offset, Lanes(0.0), Lanes(params.cap));
}
