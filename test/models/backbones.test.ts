// What every backbone has: Keras' weights, maps of Keras' sizes, pooling, and a top.

import { describe, expect, it } from "vitest";
import { BACKBONES, backboneNamed } from "../../src/models/backbones.ts";
import { kerasFacts, outputShape, weightFacts } from "./keras_weights.ts";

/** Height and width of an image; height, width and channels of what the network without its top makes of it. */
const MAPS = [
  ["MobileNetV2", "224x224", "7x7x1280"],
  ["MobileNetV2", "33x50", "2x2x1280"],
  ["InceptionResNetV2", "299x299", "8x8x1536"],
  ["InceptionResNetV2", "100x139", "1x3x1536"],
  ["InceptionResNetV2", "75x75", "1x1x1536"],
  ["NASNetLarge", "331x331", "11x11x4032"],
  ["NASNetLarge", "33x50", "1x2x4032"],
  ["NASNetMobile", "224x224", "7x7x1056"],
  ["NASNetMobile", "96x96", "3x3x1056"],
  ["NASNetMobile", "33x50", "1x2x1056"],
  ["NASNetMobile", "32x32", "1x1x1056"],
  ["InceptionV3", "299x299", "8x8x2048"],
  ["InceptionV3", "100x139", "1x3x2048"],
  ["InceptionV3", "75x75", "1x1x2048"],
  ["Xception", "299x299", "10x10x2048"],
  ["Xception", "96x133", "3x4x2048"],
  ["Xception", "71x71", "3x3x2048"],
  ["ResNet50", "224x224", "7x7x2048"],
  ["ResNet50", "45x71", "2x3x2048"],
  ["ResNet50", "32x32", "1x1x2048"],
  ["MobileNet", "224x224", "7x7x1024"],
  ["MobileNet", "96x96", "3x3x1024"],
  ["MobileNet", "33x50", "1x1x1024"],
  ["EfficientNetB0", "224x224", "7x7x1280"],
  ["EfficientNetB0", "96x96", "3x3x1280"],
  ["EfficientNetB0", "33x50", "2x2x1280"],
] as const;

describe.each([...BACKBONES.values()])("$name", (backbone) => {
  it("has Keras' weights, names and shapes, with and without its top", () => {
    expect(weightFacts(backbone, {})).toEqual(kerasFacts(backbone, "withTop"));
    expect(weightFacts(backbone, { includeTop: false })).toEqual(kerasFacts(backbone, "withoutTop"));
  });

  it("pools over space, and classifies with its top", () => {
    const size = [backbone.minSize, 96] as const;
    const [, , map = ""] = MAPS.find(([name]) => name === backbone.name) ?? [];
    const pooled = [1, Number(map.split("x")[2])];
    expect(outputShape(backbone, { includeTop: false, pooling: "avg" }, size)).toEqual(pooled);
    expect(outputShape(backbone, { includeTop: false, pooling: "max" }, size)).toEqual(pooled);
    expect(outputShape(backbone, { classes: 7 }, size)).toEqual([1, 7]);
  });
});

describe("maps", () => {
  it.each(MAPS)("of %s: images of %s become %s", (name, image, map) => {
    const [height = 0, width = 0] = image.split("x").map(Number);
    const shape = outputShape(backboneNamed(name), { includeTop: false }, [height, width]);
    expect(shape.join("x")).toBe(`1x${map}`);
  });
});
