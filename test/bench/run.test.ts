// The parts of a run: which cases it takes, its ceilings, timing, the host's side, and profiles.
import { describe, expect, it } from "vitest";
import { measureCeilings } from "../../kernels-bench/ceilings.ts";
import { encodingItems } from "../../kernels-bench/encoding.ts";
import { allItems, selectItems } from "../../kernels-bench/items.ts";
import { PreparedNetwork } from "../../kernels-bench/network.ts";
import { networkCaseName } from "../../kernels-bench/network_form.ts";
import { chromeTrace, groupedBy, profileCommands } from "../../kernels-bench/profile.ts";
import { timeSamples } from "../../kernels-bench/timing.ts";
import { backboneNamed } from "../../src/models/backbones.ts";
import { testDevice } from "../device.ts";

const SMALL = {
  backbone: backboneNamed("MobileNetV2"),
  alpha: 0.35,
  size: 32,
  batch: 2,
  pass: "train",
} as const;

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

describe("timing", () => {
  it("repeats what is short until a sample is long enough, and samples for the time that was asked for", async () => {
    const asked: number[] = [];
    const sample = async (repetitions: number) => {
      asked.push(repetitions);
      return { wallMs: 0.5 * repetitions, gpuMs: 0.25 * repetitions };
    };
    const { wallMs, gpuMs } = await timeSamples(sample, { seconds: 1, sampleMs: 40 });
    expect(asked.at(-1)).toBe(80);
    expect(wallMs.length).toBe(25);
    expect([...new Set(wallMs)]).toEqual([0.5]);
    expect([...new Set(gpuMs)]).toEqual([0.25]);
  });

  it("is content with few samples of what takes long", async () => {
    const sample = async () => ({ wallMs: 15_000, gpuMs: undefined });
    expect((await timeSamples(sample)).wallMs.length).toBe(3);
  });
});

describe("on a device", () => {
  it("measures ceilings by products that are right", async () => {
    const { gflops, gbPerSecond } = await measureCeilings(await testDevice(), "software", 0.05);
    expect(gflops).toBeGreaterThan(0.1);
    expect(gbPerSecond).toBeGreaterThan(0.1);
  });

  it("encodes a step on the null backend, in fewer dispatches than its bar", async () => {
    const [item] = encodingItems();
    const device = await testDevice();
    const measured = await item?.measure({ device, onStage: () => {} });
    expect(measured?.case).toBe("encode/MobileNetV2_96");
    expect(measured?.dispatches).toBeLessThan(500);
    expect(measured?.timing.wallMs.every((ms) => ms > 0)).toBe(true);
  });

  it("profiles a step by kernel and layer where there are timestamps", async (context) => {
    const device = await testDevice();
    context.skip(!device.facts.features.has("timestamp-query"), "requires timestamp-query");
    const prepared = await PreparedNetwork.compile(device, SMALL);
    try {
      const { loss = [] } = await prepared.run();
      expect(loss.length).toBe(8);
      const profile = await profileCommands(device, prepared.plan.commands);
      expect(profile.length).toBe(prepared.plan.layout.statistics.dispatches);
      const kernels = groupedBy(profile, "kernel");
      expect(kernels.map(({ name }) => name)).toContain("adam/update");
      expect(kernels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
      expect(groupedBy(profile, "layer").map(({ name }) => name)).toContain("Conv1");
      const { traceEvents } = JSON.parse(chromeTrace(profile, networkCaseName(SMALL)));
      expect(traceEvents.length).toBe(profile.length + 1);
      expect(traceEvents[1]).toMatchObject({ ph: "X", name: profile[0]?.layer, cat: profile[0]?.kernel });
    } finally {
      prepared.destroy();
    }
  });
});
