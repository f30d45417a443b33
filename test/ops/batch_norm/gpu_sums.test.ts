// Batch norm's sums on GPUs, both ways: a few chunks that the second pass joins, and many that a pass between joins.

import { afterAll, beforeAll, describe, it } from "vitest";
import type { GpuDevice } from "../../../src/gpu/device.ts";
import { openDevice } from "../../../src/platform/node/device.ts";
import { batchNorm } from "../../reference/batch_norm.ts";
import { checkSample } from "../check_sample.ts";
import { SameChoice } from "../same_choice.ts";

const MANY_ROWS = batchNorm
  .samples()
  .filter(({ name }) => /several workgroups|many pixels/.test(name) && !name.startsWith("inference"));

describe("batch norm on GPUs", () => {
  let device: GpuDevice;
  beforeAll(async () => {
    device = await openDevice({ adapter: process.env.WEFT_TEST_ADAPTER ?? "auto", family: "gpu" });
  });
  afterAll(() => device.destroy());

  for (const splits of ["1", "2"]) {
    for (const sample of MANY_ROWS) {
      it(`${sample.name}, ${splits === "1" ? "joined between the passes" : "two chunks"}`, async () => {
        device.useTuning(new SameChoice({ splits }));
        await checkSample(device, batchNorm, sample);
      });
    }
  }
});
