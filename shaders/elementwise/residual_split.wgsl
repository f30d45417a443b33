// Gradients of y = act(addend + scale · branch): g = x0 + x1 + … if the activation passes the gradient (known from y),
// else 0; daddend = g, dbranch = scale · g. x0 … x3 are the terms of dy, `terms` of them; all are [count lanes].

import package::common::lanes::Lanes;

struct Params { count: u32, terms: u32, scale: f32, cap: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<Lanes>;
@group(0) @binding(2) var<storage, read> x0: array<Lanes>;
@group(0) @binding(3) var<storage, read> x1: array<Lanes>;
@group(0) @binding(4) var<storage, read> x2: array<Lanes>;
@group(0) @binding(5) var<storage, read> x3: array<Lanes>;
@group(0) @binding(6) var<storage, read_write> daddend: array<Lanes>;
@group(0) @binding(7) var<storage, read_write> dbranch: array<Lanes>;

fn element(i: u32) {
  var sum = x0[i];
  if (params.terms > 1u) { sum += x1[i]; }
  if (params.terms > 2u) { sum += x2[i]; }
  if (params.terms > 3u) { sum += x3[i]; }
  let v = y[i];
  let g = select(Lanes(0.0), sum, (v > Lanes(0.0)) & (v < Lanes(params.cap)));
  daddend[i] = g;
  dbranch[i] = params.scale * g;
}
