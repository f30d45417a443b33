import { describe, expect, it } from "vitest";
import { resNet50 } from "../../src/models/resnet50.ts";
import { built } from "./keras_weights.ts";

describe("ResNet50", () => {
  it("names its pools as Keras does", () => {
    const last = (config: object) => built(resNet50, config, 32).layers.records.at(-1)?.name;
    expect(last({ includeTop: false, pooling: "avg" })).toBe("avg_pool");
    expect(last({ includeTop: false, pooling: "max" })).toBe("max_pool");
  });

  it("takes pixels as BGR with their means taken off", () => {
    expect(resNet50.preprocessing).toBe("caffe");
  });

  it("keeps its 16 residuals in blocks, each of which adds nothing at first", () => {
    const { records } = built(resNet50, { includeTop: false }, 32).layers;
    const sums = records.filter(({ className }) => className === "Add");
    expect(sums.map(({ block }) => block)).toEqual([
      ...[1, 2, 3].map((i) => `conv2_block${i}`),
      ...[1, 2, 3, 4].map((i) => `conv3_block${i}`),
      ...[1, 2, 3, 4, 5, 6].map((i) => `conv4_block${i}`),
      ...[1, 2, 3].map((i) => `conv5_block${i}`),
    ]);
    const weights = records.flatMap((record) => record.weights);
    const zeros = weights.filter(({ name, initializer }) => /gamma$/.test(name) && initializer === "zeros");
    expect(zeros.map(({ layer }) => layer)).toEqual(sums.map(({ block }) => `${block}_3_bn`));
  });
});
