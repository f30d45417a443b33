// Tuning tables as files: what is written comes back, what does not hold says why, what is damaged is named.

import { describe, expect, it } from "vitest";
import {
  formatTuning,
  parseTuning,
  type TuningOrigin,
  tuningFileName,
  whyStale,
} from "../../src/tune/tuning_file.ts";

const ORIGIN: TuningOrigin = {
  adapter: "lavapipe",
  device: "llvmpipe",
  driver: "Mesa 25.0.7",
  tier: "fast",
  implementation: "webgpu 0.6.2",
  kernels: "0123456789abcdef",
};

const TABLE = new Map([
  ["sumRows x[9,8] y[8] cpu8", { splits: "4" }],
  ["batchNorm x[9,8] cpu8", { splits: "2", rowsPerThread: "16" }],
]);

describe("a tuning file", () => {
  it("comes back as it was written", () => {
    expect(parseTuning(formatTuning({ origin: ORIGIN, table: TABLE }), "a.json")).toEqual({
      origin: ORIGIN,
      table: TABLE,
    });
  });

  it("is the same text whatever the order of measurement, and has no date", () => {
    const reversed = new Map([...TABLE].reverse());
    const text = formatTuning({ origin: ORIGIN, table: TABLE });
    expect(formatTuning({ origin: ORIGIN, table: reversed })).toBe(text);
    expect(text).not.toMatch(/20\d\d-\d\d/);
  });

  it("has a name of its own for every adapter, driver and tier, and keeps it for new kernels", () => {
    const names = [
      ORIGIN,
      { ...ORIGIN, adapter: "NVIDIA H100 80GB" },
      { ...ORIGIN, driver: "Mesa 26" },
      { ...ORIGIN, tier: "portable" as const },
    ].map(tuningFileName);
    expect(new Set(names).size).toBe(4);
    expect(names[1]).toMatch(/^nvidia-h100-80gb-[0-9a-f]{8}\.json$/);
    expect(tuningFileName({ ...ORIGIN, kernels: "other", implementation: "webgpu 9" })).toBe(names[0]);
  });

  it.each([
    ["{", /not a tuning table.*complete/],
    ["[]", /not a tuning table/],
    ['{"format":"weft run"}', /not a tuning table/],
    ['{"format":"weft tuning"}', /version is missing/],
    ['{"format":"weft tuning","version":2}', /newer weft: table version 2, this one reads up to 1/],
    ['{"format":"weft tuning","version":1}', /tier expects a text/],
    [formatTuning({ origin: ORIGIN, table: TABLE }).replace('"fast"', '"quick"'), /fast or portable/],
    [formatTuning({ origin: ORIGIN, table: TABLE }).replace('"4"', "4"), /entry of sumRows.*expects names/],
  ])("is refused in one line that names it: %s", (text, message) => {
    expect(() => parseTuning(text, "a.json")).toThrow(message);
    expect(() => parseTuning(text, "a.json")).toThrow(/^a\.json: [^\n]*$/);
  });

  it("says why it does not hold any more", () => {
    expect(whyStale(ORIGIN, ORIGIN)).toBeUndefined();
    expect(whyStale(ORIGIN, { ...ORIGIN, kernels: "other" })).toBe("it was measured with other kernels");
    expect(whyStale(ORIGIN, { ...ORIGIN, implementation: "webgpu 0.7.0" })).toBe(
      'it was measured with implementation "webgpu 0.6.2", here it is "webgpu 0.7.0"',
    );
  });
});
