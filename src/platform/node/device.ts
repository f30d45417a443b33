// Opening a device in Node: an adapter by the user's choice, and waiting that does not burn a core.

import { type DeviceOptions, GpuDevice, type HostWaiting } from "../../gpu/device.ts";
import { type AdapterOptions, openAdapter } from "./adapters.ts";
import { mapForReading, waitGently } from "./waiting.ts";

export const SLEEPING: HostWaiting = { mapForReading, until: waitGently };

/**
 * Opens the device that `weft` computes on.
 * @throws WeftError with the remedy where no adapter fits.
 */
export async function openDevice(options: AdapterOptions & DeviceOptions = {}): Promise<GpuDevice> {
  const { adapter, description } = await openAdapter(options);
  return GpuDevice.open(adapter, { waiting: SLEEPING, name: description.name, ...options });
}
