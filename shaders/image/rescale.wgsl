// y = scale_c x + offset_c, c the channel: the last index, at most four of them; x, y [count elements].

struct Params { scale: vec4f, offset: vec4f, count: u32, channels: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn element(i: u32) {
  let c = i % params.channels;
  y[i] = params.scale[c] * x[i] + params.offset[c];
}
