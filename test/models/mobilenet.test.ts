import { describe, expect, it } from "vitest";
import { elementCount } from "../../src/base/tensors.ts";
import { mobileNet } from "../../src/models/mobilenet.ts";
import { built, kerasFacts, outputShape, weightFacts } from "./keras_weights.ts";

describe("MobileNet", () => {
  it("has Keras' weights, names and shapes, with and without its top", () => {
    expect(weightFacts(mobileNet, {})).toEqual(kerasFacts(mobileNet, "withTop"));
    expect(weightFacts(mobileNet, { includeTop: false })).toEqual(kerasFacts(mobileNet, "withoutTop"));
  });

  // Counted by Keras 3.15.
  it.each([
    [0.25, 218_544, 221_114],
    [0.75, 1_832_976, 1_840_666],
    [1.3, 5_414_582, 5_427_902],
  ])("has Keras' parameters at alpha %d, and with a top of ten classes", (alpha, withoutTop, withTop) => {
    const count = (config: { includeTop: boolean; classes?: number }) =>
      built(mobileNet, { ...config, alpha }, 96).layers.weights.reduce(
        (sum, { shape }) => sum + elementCount(shape),
        0,
      );
    expect(count({ includeTop: false })).toBe(withoutTop);
    expect(count({ includeTop: true, classes: 10 })).toBe(withTop);
  });

  it.each([
    [
      [224, 224],
      [1, 7, 7, 1024],
    ],
    [
      [96, 96],
      [1, 3, 3, 1024],
    ],
    [
      [33, 50],
      [1, 1, 1, 1024],
    ],
  ] as const)("turns images of %j into a map of %j", (size, shape) => {
    expect(outputShape(mobileNet, { includeTop: false }, size)).toEqual(shape);
  });

  it("pools over space, and classifies with its top", () => {
    const size = [96, 64] as const;
    expect(outputShape(mobileNet, { includeTop: false, pooling: "avg" }, size)).toEqual([1, 1024]);
    expect(outputShape(mobileNet, { includeTop: false, pooling: "max", alpha: 0.5 }, size)).toEqual([1, 512]);
    expect(outputShape(mobileNet, { classes: 7 }, size)).toEqual([1, 7]);
  });

  it("refuses an alpha that leaves a layer without filters, as Keras does", () => {
    expect(outputShape(mobileNet, { includeTop: false, alpha: 1 / 32 }, [64, 64])).toEqual([1, 2, 2, 32]);
    expect(() => built(mobileNet, { alpha: 0.031 }, 64)).toThrow(/at least 0\.03125, .* received 0\.031$/);
  });

  it("ends in Keras' convolution, reshape and softmax", () => {
    const { records } = built(mobileNet, { classes: 7 }, 96).layers;
    expect(records.slice(-5).map(({ name, className }) => `${className} ${name}`)).toEqual([
      "GlobalAveragePooling2D global_average_pooling2d",
      "Dropout dropout",
      "Conv2D conv_preds",
      "Reshape reshape_2",
      "Activation predictions",
    ]);
  });
});
