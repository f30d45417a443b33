// Which cases a run takes.
import { describe, expect, it } from "vitest";
import { allItems, selectItems } from "../../../kernels-bench/runner/items.ts";

describe("a selection", () => {
  const items = allItems("auto");
  const names = (selection: Parameters<typeof selectItems>[1]) =>
    selectItems(items, selection).map((item) => `${item.case} ${item.pass}`);

  it("is the default run's cases, all cases, or those that options name", () => {
    expect(names({}).length).toBeLessThan(items.length / 2);
    expect(names({})).toContain("MobileNetV2_96 train");
    expect(names({ all: true }).length).toBe(items.length);
    expect(names({ op: "sgd" })).toEqual(["sgd/2.2M forward"]);
    expect(names({ filter: "35x256_k256 d" })).toEqual(["conv2d/3x3_35x256_k256 dataGradient"]);
    expect(names({ case: "start/MobileNetV2_96" })).toEqual([
      "start/MobileNetV2_96 cold",
      "start/MobileNetV2_96 warm",
    ]);
    expect(names({ case: "sgd/2.2M, conv2d/first_3x3_s2_299x3" })).toEqual([
      "conv2d/first_3x3_s2_299x3 forward",
      "conv2d/first_3x3_s2_299x3 weightGradient",
      "sgd/2.2M forward",
    ]);
    expect(() => names({ op: "conv3d" })).toThrow(/no case fits.*--op takes conv2d/);
    expect(() => names({ case: "sgd/2.2M,sgd/9M" })).toThrow(/no case sgd\/9M/);
  });

  it("has convolutions alone with another batch", () => {
    const batched = allItems("auto", 32);
    expect([...new Set(batched.map(({ op }) => op))]).toEqual(["conv2d", "depthwiseConv2d", "dense"]);
    for (const { subject } of batched) {
      const { real } = subject && "bench" in subject ? subject.bench : { real: undefined };
      expect(real?.inputs.x?.shape[0]).toBe(32);
    }
  });

  it("times a convolution's gradients apart, and none by the images themselves", () => {
    const passes = (name: string) => names({ case: name }).map((text) => text.split(" ")[1]);
    expect(passes("conv2d/1x7_17x128_k160")).toEqual(["forward", "dataGradient", "weightGradient"]);
    expect(passes("conv2d/first_3x3_s2_299x3")).toEqual(["forward", "weightGradient"]);
  });
});
