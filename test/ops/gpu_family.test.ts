// The kernels for GPUs on whatever adapter there is: their results do not depend on it, only their speed.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GpuDevice } from "../../src/gpu/device.ts";
import { openDevice } from "../../src/platform/node/device.ts";
import { records } from "../reference/records.ts";
import { checkSample } from "./check_sample.ts";

describe("kernels for GPUs", () => {
  let device: GpuDevice;
  beforeAll(async () => {
    device = await openDevice({ adapter: process.env.WEFT_TEST_ADAPTER ?? "auto", family: "gpu" });
    expect(device.facts.family).toBe("gpu");
  });
  afterAll(() => device.destroy());

  for (const record of records) {
    for (const sample of record.samples()) {
      it(`${record.op}, ${sample.name}`, () => checkSample(device, record, sample));
    }
  }
});
