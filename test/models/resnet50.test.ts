import { describe, expect, it } from "vitest";
import { resNet50 } from "../../src/models/resnet50.ts";
import { built, kerasFacts, outputShape, weightFacts } from "./keras_weights.ts";

describe("ResNet50", () => {
  it("has Keras' weights, names and shapes, with and without its top", () => {
    expect(weightFacts(resNet50, {})).toEqual(kerasFacts(resNet50, "withTop"));
    expect(weightFacts(resNet50, { includeTop: false })).toEqual(kerasFacts(resNet50, "withoutTop"));
  });

  it.each([
    [
      [224, 224],
      [1, 7, 7, 2048],
    ],
    [
      [45, 71],
      [1, 2, 3, 2048],
    ],
    [
      [32, 32],
      [1, 1, 1, 2048],
    ],
  ] as const)("turns images of %j into a map of %j", (size, shape) => {
    expect(outputShape(resNet50, { includeTop: false }, size)).toEqual(shape);
  });

  it("pools over space, and classifies with its top", () => {
    const size = [64, 96] as const;
    expect(outputShape(resNet50, { includeTop: false, pooling: "avg" }, size)).toEqual([1, 2048]);
    expect(outputShape(resNet50, { includeTop: false, pooling: "max" }, size)).toEqual([1, 2048]);
    expect(outputShape(resNet50, { classes: 7 }, size)).toEqual([1, 7]);
  });

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
