import { describe, expect, it } from "vitest";
import { inceptionV3 } from "../../src/models/inception_v3.ts";
import { built, kerasFacts, outputShape, weightFacts } from "./keras_weights.ts";

describe("InceptionV3", () => {
  it("has Keras' weights, names and shapes, with and without its top", () => {
    expect(weightFacts(inceptionV3, {})).toEqual(kerasFacts(inceptionV3, "withTop"));
    expect(weightFacts(inceptionV3, { includeTop: false })).toEqual(kerasFacts(inceptionV3, "withoutTop"));
  });

  it.each([
    [
      [299, 299],
      [1, 8, 8, 2048],
    ],
    [
      [100, 139],
      [1, 1, 3, 2048],
    ],
    [
      [75, 75],
      [1, 1, 1, 2048],
    ],
  ] as const)("turns images of %j into a map of %j", (size, shape) => {
    expect(outputShape(inceptionV3, { includeTop: false }, size)).toEqual(shape);
  });

  it("pools over space, and classifies with its top", () => {
    const size = [75, 96] as const;
    expect(outputShape(inceptionV3, { includeTop: false, pooling: "avg" }, size)).toEqual([1, 2048]);
    expect(outputShape(inceptionV3, { includeTop: false, pooling: "max" }, size)).toEqual([1, 2048]);
    expect(outputShape(inceptionV3, { classes: 7 }, size)).toEqual([1, 7]);
  });

  it("names its pools as Keras does", () => {
    const last = (config: object) => built(inceptionV3, config, 75).layers.records.map(({ name }) => name);
    expect(last({ classes: 7 }).slice(-2)).toEqual(["avg_pool", "predictions"]);
    expect(last({ includeTop: false, pooling: "avg" }).at(-1)).toBe("global_average_pooling2d");
    expect(last({ includeTop: false, pooling: "max" }).at(-1)).toBe("global_max_pooling2d");
  });

  it("keeps each of its eleven mixed layers in a block of its own", () => {
    const { records } = built(inceptionV3, { includeTop: false }, 75).layers;
    const ends = records.filter(({ name }) => /^mixed\d+$/.test(name));
    expect(ends.map(({ name, block }) => [name, block])).toEqual(
      Array.from({ length: 11 }, (_, i) => [`mixed${i}`, `mixed_${i}`]),
    );
  });
});
