// Repetition in shaders: what each construct expands to, and what its mistakes are told as.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shaders interpolate as template strings do

import { describe, expect, it } from "vitest";
import { evaluate } from "../../src/gpu/integer_expressions.ts";
import { expandShader } from "../../src/gpu/shader_expansion.ts";
import { linkShader } from "../../src/gpu/shader_linking.ts";

const expanded = (source: string, constants?: Record<string, number | string>) =>
  expandShader("conv2d/forward", source, constants).text.split("\n");

describe("expandShader", () => {
  it("leaves a source without constructs alone, comments and all", () => {
    const source = "fn f() -> u32 { // one\n  return 1u;\n}";
    expect(expandShader("f", source)).toEqual({ text: source, lines: [1, 2, 3] });
  });

  it("repeats the rest of a line, the last range fastest", () => {
    expect(expanded("@for(r in 0..2) @for(s in r..r + 2) var w$r$s = vec4f();")).toEqual([
      "var w00 = vec4f();",
      "var w01 = vec4f();",
      "var w11 = vec4f();",
      "var w12 = vec4f();",
    ]);
  });

  it("repeats blocks, nested ones too", () => {
    const source = [
      "fn f() {",
      "  @for(i in 0..2)",
      "    let x$i = ${i}u; // the block's first line",
      "    @for(j in 0..2) @for(k in 0..1)",
      "      let y$i$j$k = x$i;",
      "    @end",
      "  @end",
      "}",
    ].join("\n");
    const { text, lines } = expandShader("f", source);
    expect(text.split("\n").map((line) => line.trim())).toEqual([
      "fn f() {",
      "let x0 = 0u;",
      "let y000 = x0;",
      "let y010 = x0;",
      "let x1 = 1u;",
      "let y100 = x1;",
      "let y110 = x1;",
      "}",
    ]);
    expect(lines).toEqual([1, 3, 5, 5, 3, 5, 5, 8]);
  });

  it("knows injected constants and defines others, each below its line and in its block", () => {
    const source = "@let HALF = SIZE / 2\n@for(i in 0..HALF)\n  @let AT = i * 10\n  f(${AT + HALF});\n@end";
    expect(expanded(source, { SIZE: "4u", RATE: "0.5" })).toEqual(["  f(2);", "  f(12);"]);
  });

  it.each([
    ["@sum(s in 0..3: x$s * w${s + 1})", "x0 * w1 + x1 * w2 + x2 * w3"],
    ["f(@list(i in 0..2: g(@list(j in 0..2: a$i$j))));", "f(g(a00, a01), g(a10, a11));"],
    ["@list(i in 1..6 step 2: a$i)", "a1, a3, a5"],
    ["a@list(i in 2..2: b$i)", "a"],
    ["@list(i in 0..4: v.${xyzw[i]})", "v.x, v.y, v.z, v.w"],
    ["@list(i in 0..3: at@when(i > 0: + ${i}u))", "at, at + 1u, at + 2u"],
    ["@if(vec4) { y[at] = vec4<f32>(x); }", "@if(vec4) { y[at] = vec4<f32>(x); }"],
  ])("expands %s inside a line", (text, result) => {
    expect(expanded(`${text}\n@for(none in 0..0) x`)).toEqual([result]);
  });

  it.each([
    [
      "let a = 1;\n@for(i in 0..COLUMNS) x$i;",
      /^conv2d\/forward:2: COLUMNS has no value \(those that have: SIZE\)/,
    ],
    ["x$rest = 1;", /^conv2d\/forward:1: rest has no value/],
    ["@for(i of 0..2) x", /^conv2d\/forward:1: "i of 0\.\.2" is no range such as "i in 0\.\.8"/],
    ["@for(i in 0..2)\nx$i", /^conv2d\/forward:1: an @for alone on its line, without an @end/],
    ["x$SIZE\n@end", /^conv2d\/forward:2: an @end without an @for/],
    ["@for(i in 0..2) @for(i in 0..2) x", /^conv2d\/forward:1: i already has a value/],
    ["@let SIZE = 2", /^conv2d\/forward:1: SIZE already has a value/],
    ["@for(i in 0..SIZE * 100) x", /^conv2d\/forward:1: .* is 0\.\.400 step 1; at most 256 repetitions/],
    ["@for(i in 0..4 step 0) x", /^conv2d\/forward:1: .* step 0/],
    ["y = @sum(i in 0..0: x$i);", /^conv2d\/forward:1: a @sum of nothing/],
    ["y = @list(i in 0..2 x$i);", /^conv2d\/forward:1: @list has no colon/],
    ["y = @sum(i in 0..2: f(x$i);", /^conv2d\/forward:1: the bracket that "y = @sum\(" opens is not closed/],
    ["@for(i in 0..2)\n  v.${xyzw[i + 3]}\n@end", /^conv2d\/forward:2: a vector has no component 4/],
    ["@for(i in 0..2)\n  x$i\n  y$j\n@end", /^conv2d\/forward:3: j has no value/],
  ])("says what is wrong with %j, and where", (source, message) => {
    expect(() => expanded(source, { SIZE: 4 })).toThrow(message);
  });
});

describe("evaluate", () => {
  const names = new Map([["a", 7]]);
  it.each([
    ["1 + 2 * 3", 7],
    ["(1 + 2) * -3", -9],
    ["a / 2 - a % 2 - 1", 1],
    ["-7 / 2", -3],
    ["a >= 7", 1],
    ["a + 1 < 8", 0],
    ["2 * (a != 7)", 0],
    ["a > 1 && a < 7 || a == 7", 1],
  ])("%s is %i", (text, value) => {
    expect(evaluate(text, names)).toBe(value);
  });

  it.each(["", "1 +", "1 2", "a.x", "(1", "1)", "a = 1", "1u"])("refuses %j", (text) => {
    expect(() => evaluate(text, names)).toThrow();
  });

  it("refuses to divide by zero", () => {
    expect(() => evaluate("1 / (a - 7)", names)).toThrow("a division by zero");
  });
});

describe("linkShader", () => {
  const source = (line: string) =>
    [
      "@group(0) @binding(0) var<storage, read_write> y: array<f32>;",
      "@compute @workgroup_size(1) fn main() {",
      "  @for(i in 0..SIZE) y[$i] = 1.0;",
      line,
      "}",
    ].join("\n");

  it("expands before it links", async () => {
    const { code } = await linkShader({ name: "f", source: source(""), constants: { SIZE: "3u" } });
    expect(code.match(/y\[\d\] = 1\.0/g)).toEqual(["y[0] = 1.0", "y[1] = 1.0", "y[2] = 1.0"]);
  });

  it("names the common module that lacks a constant", async () => {
    const imports = "import package::common::tile_product::Sums;\nvar<private> sums: Sums;\n";
    const linking = linkShader({ name: "f", source: imports + source(""), constants: { SIZE: 1 } });
    await expect(linking).rejects.toThrow(
      /shader f does not link: common\/tile_product:\d+: ROWS_PER_THREAD has no value/,
    );
  });

  it("names the line of the source that does not parse, not that of the expanded text", async () => {
    const linking = linkShader({ name: "f/g", source: source("let x = ;"), constants: { SIZE: 3 } });
    await expect(linking).rejects.toThrow(/shader f\/g does not link: f\/g:4:\d+ error: Expected expression/);
  });
});
