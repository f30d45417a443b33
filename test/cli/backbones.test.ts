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
    // Multiply-adds of the convolutions (the papers say 300 and 569 million, and 3.8 billion), normalised values,
    // and residual sums; ResNet50's maximum of 3 x 3, and its ReLUs behind sums, come on top.
    expect(named("MobileNetV2").flops).toBe(2 * 299_494_272 + 2 * 6_678_112 + 216_384);
    expect(named("MobileNet").flops).toBe(2 * 567_716_352 + 2 * 5_042_688);
    expect(named("ResNet50").flops).toBe(2 * 3_855_925_248 + 2 * 10_587_136 + 9 * 200_704 + 5 * 5_519_360);
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
