// The one GPU device of a test process. WEFT_TEST_ADAPTER chooses the adapter as --adapter does.
import type { GpuDevice } from "../src/gpu/device.ts";
import { openDevice } from "../src/platform/node/device.ts";

let opened: Promise<GpuDevice> | undefined;

/** Opens the device at the first call; every test file gets the same one, with its compiled pipelines. */
export function testDevice(): Promise<GpuDevice> {
  opened ??= openDevice({ adapter: process.env.WEFT_TEST_ADAPTER ?? "auto" });
  return opened;
}
