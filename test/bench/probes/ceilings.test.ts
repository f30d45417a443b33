// The ceilings that shares are of.
import { expect, it } from "vitest";
import { measureCeilings } from "../../../kernels-bench/probes/ceilings.ts";
import { testDevice } from "../../device.ts";

it("measures ceilings by products that are right", async () => {
  const { gflops, gbPerSecond } = await measureCeilings(await testDevice(), "software", 0.05);
  expect(gflops).toBeGreaterThan(0.1);
  expect(gbPerSecond).toBeGreaterThan(0.1);
});
