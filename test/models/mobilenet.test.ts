import { describe, expect, it } from "vitest";
import { elementCount } from "../../src/base/tensors.ts";
import { mobileNet } from "../../src/models/mobilenet.ts";
import { built, outputShape } from "./keras_weights.ts";

describe("MobileNet", () => {
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
