// What every backbone has: Keras' weights, maps of Keras' sizes, pooling, and a top.

import { describe, expect, it } from "vitest";
import { BACKBONES } from "../../src/models/backbones.ts";
import { kerasFacts, kerasMaps, outputShape, weightFacts } from "./keras_weights.ts";

describe.each([...BACKBONES.values()])("$name", (backbone) => {
  it("has Keras' weights, names and shapes, with and without its top", () => {
    expect(weightFacts(backbone, {})).toEqual(kerasFacts(backbone, "withTop"));
    expect(weightFacts(backbone, { includeTop: false })).toEqual(kerasFacts(backbone, "withoutTop"));
  });

  it("pools over space, and classifies with its top", () => {
    const size = [backbone.minSize, 96] as const;
    const [map = ""] = Object.values(kerasMaps(backbone));
    const pooled = [1, Number(map.split("x")[2])];
    expect(outputShape(backbone, { includeTop: false, pooling: "avg" }, size)).toEqual(pooled);
    expect(outputShape(backbone, { includeTop: false, pooling: "max" }, size)).toEqual(pooled);
    expect(outputShape(backbone, { classes: 7 }, size)).toEqual([1, 7]);
  });

  it("makes maps of Keras' sizes", () => {
    const maps = Object.entries(kerasMaps(backbone));
    expect(maps.length).toBeGreaterThan(1);
    for (const [image, map] of maps) {
      const [height = 0, width = 0] = image.split("x").map(Number);
      expect(outputShape(backbone, { includeTop: false }, [height, width]).join("x"), image).toBe(`1x${map}`);
    }
  });
});
