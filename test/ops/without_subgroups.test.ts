// The tiled kernels on an adapter without subgroups of a fixed size: they share through workgroup memory.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GpuDevice } from "../../src/gpu/device.ts";
import { openDevice } from "../../src/platform/node/device.ts";
import { records } from "../reference/records.ts";
import { checkSample } from "./check_sample.ts";

describe("without subgroups", () => {
  let device: GpuDevice;
  beforeAll(async () => {
    device = await openDevice({ adapter: process.env.WEFT_TEST_ADAPTER ?? "auto", subgroups: false });
    expect(device.facts.subgroupSize).toBeUndefined();
  });
  afterAll(() => device.destroy());

  for (const record of records.filter(({ op }) => op === "conv2d" || op === "dense")) {
    for (const sample of record.samples()) {
      it(`${record.op}, ${sample.name}`, () => checkSample(device, record, sample));
    }
  }
});
