import { describe, expect, it } from "vitest";
import { inceptionResNetV2 } from "../../src/models/inception_resnet_v2.ts";
import { built, kerasFacts, outputShape, weightFacts } from "./keras_weights.ts";

describe("InceptionResNetV2", () => {
  it("has Keras' weights, names and shapes, with and without its top", () => {
    expect(weightFacts(inceptionResNetV2, {})).toEqual(kerasFacts(inceptionResNetV2, "withTop"));
    const withoutTop = weightFacts(inceptionResNetV2, { includeTop: false });
    expect(withoutTop).toEqual(kerasFacts(inceptionResNetV2, "withoutTop"));
    expect(withoutTop.parameters).toBe(54_336_736);
  });

  it.each([
    [
      [299, 299],
      [1, 8, 8, 1536],
    ],
    [
      [100, 139],
      [1, 1, 3, 1536],
    ],
    [
      [75, 75],
      [1, 1, 1, 1536],
    ],
  ] as const)("turns images of %j into a map of %j", (size, shape) => {
    expect(outputShape(inceptionResNetV2, { includeTop: false }, size)).toEqual(shape);
  });

  it("pools over space, and classifies with its top", () => {
    const size = [75, 96] as const;
    expect(outputShape(inceptionResNetV2, { includeTop: false, pooling: "avg" }, size)).toEqual([1, 1536]);
    expect(outputShape(inceptionResNetV2, { includeTop: false, pooling: "max" }, size)).toEqual([1, 1536]);
    expect(outputShape(inceptionResNetV2, { classes: 7 }, size)).toEqual([1, 7]);
  });

  it("keeps every residual in a block of its own, with Keras' scale", () => {
    const { records } = built(inceptionResNetV2, { includeTop: false }, 75).layers;
    const scaled = records.filter(({ className }) => className === "CustomScaleLayer");
    const expected = [
      ...Array.from({ length: 10 }, (_, i) => [`block35_${i + 1}`, 0.17]),
      ...Array.from({ length: 20 }, (_, i) => [`block17_${i + 1}`, 0.1]),
      ...Array.from({ length: 9 }, (_, i) => [`block8_${i + 1}`, 0.2]),
      ["block8_10", 1],
    ];
    expect(scaled.map(({ block, config }) => [block, config.scale])).toEqual(expected);
    expect(scaled.map(({ name }) => name).slice(0, 2)).toEqual([
      "custom_scale_layer",
      "custom_scale_layer_1",
    ]);
  });

  it("ends its last residual without a ReLU", () => {
    const names = built(inceptionResNetV2, { includeTop: false }, 75).layers.records.map(({ name }) => name);
    expect(names).toContain("block8_9_ac");
    expect(names).not.toContain("block8_10_ac");
  });
});
