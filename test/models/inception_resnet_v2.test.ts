import { describe, expect, it } from "vitest";
import { inceptionResNetV2 } from "../../src/models/inception_resnet_v2.ts";
import { built } from "./keras_weights.ts";

describe("InceptionResNetV2", () => {
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
