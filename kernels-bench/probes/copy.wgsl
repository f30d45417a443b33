// A copy for the memory ceiling: y = x, one vec4 per thread and iteration; neighbouring threads copy neighbouring
// vec4s.

import constants::COUNT;
import constants::THREADS;

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var turn = 0u; turn < COUNT / THREADS; turn++) {
    y[turn * THREADS + id.x] = x[turn * THREADS + id.x];
  }
}
