import { describe, expect, it } from "vitest";
import { narrowStorage } from "../../src/gpu/narrow_storage.ts";

const HEAD = `alias V = vec4f;
alias Lanes = V;
@group(0) @binding(1) var<storage, read> x: array<Lanes>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read> w: array<vec2<f32>>;
`;

/** What becomes of a statement where x, y and w are narrow. */
function narrowed(statement: string): string {
  return narrowStorage(`${HEAD}${statement}`, ["w", "x", "y"]).split("array<vec2<f16>>;\n")[1] ?? "";
}

describe("narrow storage", () => {
  it("declares the elements by what their aliases stand for", () => {
    const code = narrowStorage(HEAD, ["x", "y", "w"]);
    expect(code).toMatch(/^enable f16;\n/);
    expect(code).toContain("var<storage, read> x: array<vec4<f16>>;");
    expect(code).toContain("var<storage, read_write> y: array<f16>;");
    expect(code).toContain("var<storage, read> w: array<vec2<f16>>;");
    expect(code).toContain("var<storage, read> index: array<u32>;");
    expect(code).toContain("alias V = vec4f;");
  });

  it("leaves code alone where nothing is narrow", () => {
    expect(narrowStorage(HEAD, [])).toBe(HEAD);
  });

  it.each([
    ["a read", "let a = x[i];", "let a = vec4f(x[i]);"],
    ["a component of a read", "let a = x[i].xyz + w[j].yx;", "let a = vec4f(x[i]).xyz + vec2f(w[j]).yx;"],
    ["a component by number", "let a = x[i][2u];", "let a = vec4f(x[i])[2u];"],
    ["an index that reads", "let a = x[u32(y[index[k]])];", "let a = vec4f(x[u32(f32(y[index[k]]))]);"],
    [
      "an index with calls",
      "let a = x[min(at(i, j), n[0] - 1u)];",
      "let a = vec4f(x[min(at(i, j), n[0] - 1u)]);",
    ],
    [
      "a comparison",
      "if (y[i] == 0.0 || y[j] >= 1.0) { return; }",
      "if (f32(y[i]) == 0.0 || f32(y[j]) >= 1.0) { return; }",
    ],
    ["a conjunction", "if (a && y[i] > 0.0) { return; }", "if (a && f32(y[i]) > 0.0) { return; }"],
    ["a store", "y[to] = select(0.0, v, inside);", "y[to] = f16(select(0.0, v, inside));"],
    ["a store of what is read", "y[i] = m * y[i] + x[j].x;", "y[i] = f16(m * f32(y[i]) + vec4f(x[j]).x);"],
    ["an update", "y[i] += a - x[j].w;", "y[i] = f16(f32(y[i]) + (a - vec4f(x[j]).w));"],
    ["a store to a component", "x[i].y = 2.0 * a;", "x[i].y = f16(2.0 * a);"],
    ["an update of a component", "x[i].y *= a;", "x[i].y = f16(f32(x[i].y) * (a));"],
    ["a store over lines", "y[i\n + 1u] =\n a +\n b;", "y[i\n + 1u] = f16(a +\n b);"],
    [
      "a store in a loop's head",
      "for (; i < n; y[i] = 0.0) { f(y[i]); }",
      "for (; i < n; y[i] = f16(0.0)) { f(f32(y[i])); }",
    ],
    ["the length", "let n = arrayLength(&x);", "let n = arrayLength(&x);"],
    [
      "members of other values",
      "let a = p.x[0] + q.y[1] + max_y[2] + index[3];",
      "let a = p.x[0] + q.y[1] + max_y[2] + index[3];",
    ],
    ["names without an index", "let b = vec4f(x0.x, x.y, y, w);", "let b = vec4f(x0.x, x.y, y, w);"],
  ])("rewrites %s", (_what, from, to) => {
    expect(narrowed(from)).toBe(to);
  });

  it("tells what it cannot narrow", () => {
    expect(() => narrowStorage(HEAD, ["index"])).toThrow("index holds u32, which has no f16 form");
    expect(() => narrowStorage(HEAD, ["z"])).toThrow("no storage variable z");
    expect(() => narrowed("let p = &x[i];")).toThrow("a pointer to an element of x");
  });
});
