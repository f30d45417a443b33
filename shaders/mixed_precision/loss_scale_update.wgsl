// The verdict on a step and the new loss scale 2^(start + state[0]), from the flags of find_infinite.wgsl:
//   any is set: state[0] -= 1 (not below `least`), state[1] = 0;             verdict = (0, scale of this step)
//   none is:    state[1] += 1, at `patience` state[0] += 1 (not above `most`), state[1] = 0; verdict = (1/scale, scale)
// state [2]: the scale's exponent minus `start`; good steps since it last changed. flags [threads]. One workgroup: a
// thread reads every 64th flag; the first thread decides.

struct Params { threads: u32, start: f32, least: f32, most: f32, patience: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> flags: array<f32>;
@group(0) @binding(2) var<storage, read_write> state: array<f32>;
@group(0) @binding(3) var<storage, read_write> verdict: array<f32>;

var<workgroup> found: array<f32, 64>;

/// 2^exponent, exactly, for integer exponents from -126 to 127.
fn power_of_two(exponent: f32) -> f32 {
  return bitcast<f32>(u32(127.0 + exponent) << 23u);
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lid: u32) {
  var flag = 0.0;
  for (var i = lid; i < params.threads; i += 64u) { flag = max(flag, flags[i]); }
  found[lid] = flag;
  workgroupBarrier();
  if (lid != 0u) { return; }
  for (var i = 1u; i < 64u; i++) { flag = max(flag, found[i]); }
  let exponent = state[0];
  let scale = power_of_two(params.start + exponent);
  if (flag > 0.0) {
    state[0] = max(exponent - 1.0, params.least);
    state[1] = 0.0;
    verdict[0] = 0.0;
  } else {
    let good = state[1] + 1.0;
    let is_due = good >= params.patience;
    state[0] = select(exponent, min(exponent + 1.0, params.most), is_due);
    state[1] = select(good, 0.0, is_due);
    verdict[0] = 1.0 / scale;
  }
  verdict[1] = scale;
}
