// seed[i] = 2^(start + state[0]): the loss scale, as the gradient with respect to every loss. state [2], seed [count].

struct Params { count: u32, start: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: array<f32>;
@group(0) @binding(2) var<storage, read_write> seed: array<f32>;

/// 2^exponent, exactly, for integer exponents from -126 to 127.
fn power_of_two(exponent: f32) -> f32 {
  return bitcast<f32>(u32(127.0 + exponent) << 23u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.count) { seed[id.x] = power_of_two(params.start + state[0]); }
}
