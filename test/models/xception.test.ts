import { describe, expect, it } from "vitest";
import { xception } from "../../src/models/xception.ts";
import { built, kerasFacts, outputShape, weightFacts } from "./keras_weights.ts";

describe("Xception", () => {
  it("has Keras' weights, names and shapes, with and without its top", () => {
    expect(weightFacts(xception, {})).toEqual(kerasFacts(xception, "withTop"));
    expect(weightFacts(xception, { includeTop: false })).toEqual(kerasFacts(xception, "withoutTop"));
  });

  it.each([
    [
      [299, 299],
      [1, 10, 10, 2048],
    ],
    [
      [96, 133],
      [1, 3, 4, 2048],
    ],
    [
      [71, 71],
      [1, 3, 3, 2048],
    ],
  ] as const)("turns images of %j into a map of %j", (size, shape) => {
    expect(outputShape(xception, { includeTop: false }, size)).toEqual(shape);
  });

  it("pools over space, and classifies with its top", () => {
    const size = [71, 96] as const;
    expect(outputShape(xception, { includeTop: false, pooling: "avg" }, size)).toEqual([1, 2048]);
    expect(outputShape(xception, { includeTop: false, pooling: "max" }, size)).toEqual([1, 2048]);
    expect(outputShape(xception, { classes: 7 }, size)).toEqual([1, 7]);
  });

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
