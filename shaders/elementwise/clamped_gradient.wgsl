// dx = scale dy if 0 < y < cap, else 0, for the y of clamped_forward.wgsl; y, dy, dx [count lanes].

import package::common::lanes::Lanes;

struct Params { count: u32, scale: f32, cap: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<Lanes>;
@group(0) @binding(2) var<storage, read> dy: array<Lanes>;
@group(0) @binding(3) var<storage, read_write> dx: array<Lanes>;

fn element(i: u32) {
  let value = y[i];
  let is_inside = (value > Lanes(0.0)) & (value < Lanes(params.cap));
  dx[i] = select(Lanes(0.0), params.scale * dy[i], is_inside);
}
