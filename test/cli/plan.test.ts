// `weft plan`: parts that add up, to what a training then states; more work and less memory with --recompute.

import { describe, expect, it } from "vitest";
import { runWeft } from "./weft.ts";

async function planned(...options: string[]) {
  const { code, stdout } = await runWeft(["plan", "--json", ...options]);
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

describe("weft plan", () => {
  it("adds up, and trades work for memory", async () => {
    const step = ["--backbone", "MobileNetV2", "--size", "96", "--batch", "8"];
    const kept = await planned(...step);
    const { total, ...parts } = kept.bytes;
    expect(Object.values<number>(parts).reduce((sum, bytes) => sum + bytes, 0)).toBe(total);
    // Adam's two, and its step count in a vec4.
    expect(parts.moments).toBe(2 * parts.gradients + 16);
    const again = await planned(...step, "--recompute");
    expect(again.bytes.activations).toBeLessThan(0.5 * parts.activations);
    expect(again.flops).toBeGreaterThan(1.1 * kept.flops);
  });

  it("knows inference, which needs less of everything", async () => {
    const network = ["--backbone", "InceptionResNetV2", "--size", "139"];
    const [training, inference] = await Promise.all([
      planned(...network),
      planned(...network, "--mode", "inference"),
    ]);
    expect(inference.bytes.total).toBeLessThan(training.bytes.total / 3);
    expect(inference.dispatches).toBeLessThan(training.dispatches / 2);
    expect(inference.bytes.moments).toBeUndefined();
  });

  it("halves the activations in mixed precision, which is for training", async () => {
    const step = ["--backbone", "MobileNetV2", "--size", "96", "--batch", "8"];
    const [full, mixed] = await Promise.all([planned(...step), planned(...step, "--precision", "mixed")]);
    const { total, ...parts } = mixed.bytes;
    expect(Object.values<number>(parts).reduce((sum, bytes) => sum + bytes, 0)).toBe(total);
    const ratio = parts.activations / full.bytes.activations;
    expect(ratio).toBeGreaterThan(0.49);
    expect(ratio).toBeLessThan(0.51);
    expect(parts.weightsInF16).toBe(parts.gradients / 2);
    const inference = await runWeft(["plan", ...step, "--mode", "inference", "--precision", "mixed"]);
    expect(inference).toMatchObject({ code: 1, errors: [expect.stringMatching(/mixed is for training/)] });
  });

  it("prints a table", async () => {
    const { stdout } = await runWeft([
      "plan",
      "--backbone",
      "MobileNet",
      "--size",
      "64",
      "--mode",
      "inference",
    ]);
    expect(stdout).toMatch(/MobileNet \(alpha 1\), 64 x 64 pixels, batch 1/);
    expect(stdout).toMatch(/weights +13\.\d MB/);
  });

  it("refuses what no network is", async () => {
    expect(await runWeft(["plan"])).toMatchObject({
      code: 1,
      errors: [expect.stringMatching(/--backbone is missing/)],
    });
    const tiny = await runWeft(["plan", "--backbone", "InceptionV3", "--size", "40"]);
    expect(tiny).toMatchObject({ code: 1, errors: [expect.stringMatching(/at least 75 for InceptionV3/)] });
    const inference = await runWeft([
      "plan",
      "--backbone",
      "MobileNet",
      "--mode",
      "inference",
      "--recompute",
    ]);
    expect(inference).toMatchObject({
      code: 1,
      errors: [expect.stringMatching(/--recompute is for training/)],
    });
  });
});
