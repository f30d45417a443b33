// Where a step's time goes.
import { expect, it } from "vitest";
import { networkCaseName } from "../../../kernels-bench/cases/network_form.ts";
import { chromeTrace, groupedBy, profileCommands } from "../../../kernels-bench/measuring/profile.ts";
import { PreparedNetwork } from "../../../kernels-bench/networks/network.ts";
import { backboneNamed } from "../../../src/models/backbones.ts";
import { testDevice } from "../../device.ts";

const SMALL = {
  backbone: backboneNamed("MobileNetV2"),
  alpha: 0.35,
  size: 32,
  batch: 2,
  pass: "train",
} as const;

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
    expect(kernels.map(({ name }) => name)).toContain("optimizers/adam");
    expect(kernels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
    expect(groupedBy(profile, "layer").map(({ name }) => name)).toContain("Conv1");
    const { traceEvents } = JSON.parse(chromeTrace(profile, networkCaseName(SMALL)));
    expect(traceEvents.length).toBe(profile.length + 1);
    expect(traceEvents[1]).toMatchObject({ ph: "X", name: profile[0]?.layer, cat: profile[0]?.kernel });
  } finally {
    prepared.destroy();
  }
});
