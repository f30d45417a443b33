import { describe, expect, it } from "vitest";
import { mobileNetV2 } from "../../src/models/mobilenet_v2.ts";
import { kerasFacts, outputShape, weightFacts } from "./keras_weights.ts";

describe("MobileNetV2", () => {
  it("has Keras' weights, names and shapes, with and without its top", () => {
    expect(weightFacts(mobileNetV2, {})).toEqual(kerasFacts(mobileNetV2, "withTop"));
    expect(weightFacts(mobileNetV2, { includeTop: false })).toEqual(kerasFacts(mobileNetV2, "withoutTop"));
  });

  it.each([
    [
      [224, 224],
      [1, 7, 7, 1280],
    ],
    [
      [33, 50],
      [1, 2, 2, 1280],
    ],
  ] as const)("turns images of %j into a map of %j", (size, shape) => {
    expect(outputShape(mobileNetV2, { includeTop: false }, size)).toEqual(shape);
  });

  it("pools over space, and classifies with its top", () => {
    const size = [96, 64] as const;
    expect(outputShape(mobileNetV2, { includeTop: false, pooling: "avg" }, size)).toEqual([1, 1280]);
    expect(outputShape(mobileNetV2, { includeTop: false, pooling: "max", alpha: 1.4 }, size)).toEqual([
      1, 1792,
    ]);
    expect(outputShape(mobileNetV2, { classes: 7 }, size)).toEqual([1, 7]);
  });
});
