// current = saved if verdict[0] is 0, that is, if loss scaling skips the step; otherwise current is unchanged. current,
// saved [count lanes], in place; verdict [2] as loss_scale_update.wgsl writes it.

import package::common::lanes::Lanes;

struct Params { count: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> saved: array<Lanes>;
@group(0) @binding(2) var<storage, read> verdict: array<f32>;
@group(0) @binding(3) var<storage, read_write> current: array<Lanes>;

fn element(i: u32) {
  if (verdict[0] == 0.0) { current[i] = saved[i]; }
}
