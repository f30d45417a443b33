// Opening a device in Node: an adapter by the user's choice, and waiting that does not burn a core.

import type { AdapterDescription } from "../../gpu/adapters.ts";
import { type DeviceOptions, GpuDevice } from "../../gpu/device.ts";
import { type AdapterOptions, openAdapter } from "./adapters.ts";
import { waitGently } from "./waiting.ts";

/** A device and the description of its adapter. */
export interface OpenedDevice {
  readonly device: GpuDevice;
  readonly description: AdapterDescription;
}

/**
 * Opens the device that `weft` computes on.
 * @throws WeftError with the remedy where no adapter fits.
 */
export async function openDescribedDevice(
  options: AdapterOptions & DeviceOptions = {},
): Promise<OpenedDevice> {
  const { adapter, description } = await openAdapter(options);
  const own = { wait: waitGently, name: description.name, subgroupMatrices: true };
  const device = await GpuDevice.open(adapter, { ...own, ...options });
  return { device, description };
}

/**
 * Opens a device on the first adapter that fits the choice, as `openAdapter` does.
 * @throws WeftError if no adapter fits, with the remedy
 */
export async function openDevice(options: AdapterOptions & DeviceOptions = {}): Promise<GpuDevice> {
  const { device } = await openDescribedDevice(options);
  return device;
}
