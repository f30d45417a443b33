import { describe, expect, it } from "vitest";
import { nasNetLarge, nasNetMobile } from "../../src/models/nasnet.ts";
import { built, kerasFacts, outputShape, weightFacts } from "./keras_weights.ts";

describe.each([nasNetMobile, nasNetLarge])("$name", (backbone) => {
  it("has Keras' weights, names and shapes, with and without its top", () => {
    expect(weightFacts(backbone, {})).toEqual(kerasFacts(backbone, "withTop"));
    expect(weightFacts(backbone, { includeTop: false })).toEqual(kerasFacts(backbone, "withoutTop"));
  });

  it("pools over space, and classifies with its top", () => {
    const channels = backbone === nasNetLarge ? 4032 : 1056;
    const size = [64, 96] as const;
    expect(outputShape(backbone, { includeTop: false, pooling: "avg" }, size)).toEqual([1, channels]);
    expect(outputShape(backbone, { includeTop: false, pooling: "max" }, size)).toEqual([1, channels]);
    expect(outputShape(backbone, { classes: 7 }, size)).toEqual([1, 7]);
  });

  it("keeps every cell in a block of its own", () => {
    const { records } = built(backbone, { includeTop: false }, 96).layers;
    const cells = records.filter(({ name }) => /^(normal|reduction)_concat_/.test(name));
    const blocks = cells.map(({ block }) => block);
    expect(blocks).toHaveLength(backbone === nasNetLarge ? 22 : 16);
    expect(new Set(blocks).size).toBe(blocks.length);
    expect(blocks.every((block) => block !== undefined && /^[a-z]+_\d+$/.test(block))).toBe(true);
  });
});

describe("NASNetMobile's maps", () => {
  it.each([
    [
      [224, 224],
      [1, 7, 7, 1056],
    ],
    [
      [96, 96],
      [1, 3, 3, 1056],
    ],
    [
      [33, 50],
      [1, 1, 2, 1056],
    ],
    [
      [32, 32],
      [1, 1, 1, 1056],
    ],
  ] as const)("of images of %j are %j", (size, shape) => {
    expect(outputShape(nasNetMobile, { includeTop: false }, size)).toEqual(shape);
  });
});

describe("NASNetLarge", () => {
  it("has 84,916,818 parameters without its top", () => {
    expect(weightFacts(nasNetLarge, { includeTop: false }).parameters).toBe(84_916_818);
  });

  it.each([
    [
      [331, 331],
      [1, 11, 11, 4032],
    ],
    [
      [33, 50],
      [1, 1, 2, 4032],
    ],
  ] as const)("turns images of %j into a map of %j", (size, shape) => {
    expect(outputShape(nasNetLarge, { includeTop: false }, size)).toEqual(shape);
  });

  it("feeds the cell behind a reduction with what the reduction was fed second", () => {
    const inputs = (backbone: typeof nasNetLarge, cell: string) =>
      built(backbone, { includeTop: false }, 96)
        .layers.records.find(({ name }) => name === `adjust_relu_1_${cell}` || name === `adjust_bn_${cell}`)
        ?.inputs.map(({ name }) => name);
    expect(inputs(nasNetLarge, "7")).toEqual(["normal_concat_4"]);
    expect(inputs(nasNetMobile, "5")).toEqual(["normal_concat_3"]);
  });
});
