// `weft backbones` by the real program.

import { describe, expect, it } from "vitest";
import { BACKBONES } from "../../src/models/backbones.ts";
import { runWeft } from "./weft.ts";

describe("weft backbones", () => {
  it("lists every backbone with what it costs", async () => {
    const { code, stdout, errors } = await runWeft(["backbones", "--json"]);
    expect(errors).toEqual([]);
    expect(code).toBe(0);
    const facts = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(facts.map(({ name }) => name)).toEqual([...BACKBONES.keys()]);
    const named = (name: string) => facts.find((one) => one.name === name);
    expect(named("InceptionResNetV2")).toMatchObject({ size: 299, minSize: 75, parameters: 54_336_736 });
    expect(named("NASNetLarge")).toMatchObject({ size: 331, parameters: 84_916_818 });
    // Twice the multiply-adds of the papers: 300 and 569 million (MobileNets), 3.8 to 4.1 billion (ResNet).
    expect(named("MobileNetV2").flops / 600e6).toBeCloseTo(1, 1);
    expect(named("MobileNet").flops / 1138e6).toBeCloseTo(1, 1);
    expect(named("ResNet50").flops / 7.7e9).toBeCloseTo(1, 1);
    expect(named("Xception").imagenet).toEqual({ alphas: null, sizes: [299] });
    expect(named("MobileNet").imagenet).toEqual({
      alphas: [0.25, 0.5, 0.75, 1],
      sizes: [128, 160, 192, 224],
    });
    expect(named("MobileNetV2").imagenet).toEqual({
      alphas: [0.35, 0.5, 0.75, 1, 1.3, 1.4],
      sizes: [96, 128, 160, 192, 224],
    });
  });

  it("prints them as a table", async () => {
    const { code, stdout } = await runWeft(["backbones"]);
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(BACKBONES.size + 3);
    expect(lines[0]).toMatch(/backbone +image size +smallest +parameters +GFLOPs +ImageNet weights$/);
    expect(stdout).toMatch(/^ +InceptionResNetV2 +299 x 299 +75 +54,336,736 +26\.\d\d +yes$/m);
    expect(lines.at(-1)).toMatch(/count as two FLOPs\.$/);
  });
});
