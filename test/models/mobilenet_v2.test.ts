import { describe, expect, it } from "vitest";
import { mobileNetV2 } from "../../src/models/mobilenet_v2.ts";
import { outputShape } from "./keras_weights.ts";

describe("MobileNetV2", () => {
  it("has a last convolution that alpha widens but does not narrow", () => {
    const pooled = (alpha: number) =>
      outputShape(mobileNetV2, { includeTop: false, pooling: "max", alpha }, [32, 32]);
    expect([0.35, 1, 1.3, 1.4].map(pooled)).toEqual([
      [1, 1280],
      [1, 1280],
      [1, 1664],
      [1, 1792],
    ]);
  });
});
