import { describe, expect, it } from "vitest";
import { nasNetLarge, nasNetMobile } from "../../src/models/nasnet.ts";
import { built, weightFacts } from "./keras_weights.ts";

describe.each([nasNetMobile, nasNetLarge])("$name", (backbone) => {
  it("keeps every cell in a block of its own", () => {
    const { records } = built(backbone, { includeTop: false }, 96).layers;
    const cells = records.filter(({ name }) => /^(normal|reduction)_concat_/.test(name));
    const blocks = cells.map(({ block }) => block);
    expect(blocks).toHaveLength(backbone === nasNetLarge ? 22 : 16);
    expect(new Set(blocks).size).toBe(blocks.length);
    expect(blocks.every((block) => block !== undefined && /^[a-z]+_\d+$/.test(block))).toBe(true);
  });
});

describe("NASNetLarge", () => {
  it("has 84,916,818 parameters without its top", () => {
    expect(weightFacts(nasNetLarge, { includeTop: false }).parameters).toBe(84_916_818);
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
