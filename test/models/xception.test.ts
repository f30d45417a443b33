import { describe, expect, it } from "vitest";
import { xception } from "../../src/models/xception.ts";
import { built } from "./keras_weights.ts";

describe("Xception", () => {
  it("keeps its 14 blocks, and the residuals of the middle flow add nothing at first", () => {
    const { records } = built(xception, { includeTop: false }, 71).layers;
    expect([...new Set(records.map(({ block }) => block))]).toEqual(
      Array.from({ length: 14 }, (_, i) => `block_${i + 1}`),
    );
    const weights = records.flatMap((record) => record.weights);
    const zeros = weights.filter(({ name, initializer }) => /gamma$/.test(name) && initializer === "zeros");
    expect(zeros.map(({ layer }) => layer)).toEqual(
      [5, 6, 7, 8, 9, 10, 11, 12].map((i) => `block${i}_sepconv3_bn`),
    );
  });
});
