import { describe, expect, it } from "vitest";
import { excerptOf, faultOfDepth, outlineJson } from "../../src/formats/json_text.ts";

describe("outlineJson", () => {
  it("tells depth and the outermost keys, whatever strings hold", () => {
    const text = String.raw`{"a\"{": [[1, "]}"]], "b": {"c" : {}}, "\u0062": "[[[[[["}`;
    expect(outlineJson(text)).toEqual({ depth: 3, keys: ['a"{', "b", "b"], deepestKey: 'a"{' });
  });

  it("does not mind depth, nor text that is no JSON", () => {
    const deep = "[".repeat(1_000_000);
    expect(outlineJson(deep).depth).toBe(1_000_000);
    expect(outlineJson('"never ends').depth).toBe(0);
    expect(outlineJson("}}}]{").depth).toBe(0);
    expect(faultOfDepth(outlineJson(deep))).toBe("JSON nested 1000000 levels deep; expected up to 200");
    expect(faultOfDepth(outlineJson("[[]]"))).toBeUndefined();
  });
});

describe("excerptOf", () => {
  it("shortens long values", () => {
    expect(excerptOf({ a: [1, 2] })).toBe('{"a":[1,2]}');
    expect(excerptOf("x".repeat(100), 5)).toBe('"xxxx…');
    expect(excerptOf(undefined)).toBe("undefined");
  });
});
