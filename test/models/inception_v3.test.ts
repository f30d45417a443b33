import { describe, expect, it } from "vitest";
import { inceptionV3 } from "../../src/models/inception_v3.ts";
import { built } from "./keras_weights.ts";

describe("InceptionV3", () => {
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
