// Modules linked to kernels: the entry point that they have or are given, and what the host reads from the text.

import { describe, expect, it } from "vitest";
import { linkShader } from "../../src/gpu/shader_linking.ts";

const BINDINGS = `
struct Params { count: u32, scale: vec2f, shift: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
`;
const byBinding = (a: { binding: number }, b: { binding: number }) => a.binding - b.binding;

describe("linkShader", () => {
  it.each([
    [
      "an element alone the element-wise entry point",
      "fn element(i: u32) { y[i] = params.shift * x[i]; }",
      64,
    ],
    [
      "an entry point that one",
      "@compute @workgroup_size(8) fn main() { for (var i = 0u; i < params.count; i++) { y[i] = x[i]; } }",
      8,
    ],
  ])("gives a module with %s", async (_what, body, threads) => {
    const { code, storage, uniforms } = await linkShader({ name: "test", source: BINDINGS + body });
    expect(code.match(/@compute @workgroup_size\(\d+\)\s+fn main\(/g)).toEqual([
      `@compute @workgroup_size(${threads}) fn main(`,
    ]);
    expect(storage.toSorted(byBinding)).toEqual([
      { name: "x", binding: 1, writable: false },
      { name: "y", binding: 2, writable: true },
    ]);
    expect(uniforms).toMatchObject({ binding: 0, bytes: 32 });
    expect(uniforms.fields.map(({ name, offset }) => [name, offset])).toEqual([
      ["count", 0],
      ["scale", 8],
      ["shift", 16],
    ]);
  });
});
