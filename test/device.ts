// The one GPU device of a test process. WEFT_TEST_ADAPTER chooses the adapter: auto (default), lavapipe,
// swiftshader, or what --adapter takes.
import { create } from "webgpu";
import { GpuDevice } from "../src/gpu/device.ts";

let gpu: GPU | undefined; // must stay referenced while the device lives
let opened: Promise<GpuDevice> | undefined;

/** Opens the device at the first call; every test file gets the same one, with its compiled pipelines. */
export function testDevice(): Promise<GpuDevice> {
  opened ??= open();
  return opened;
}

async function open(): Promise<GpuDevice> {
  gpu = create([]);
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error("no adapter");
  return GpuDevice.open(adapter);
}
