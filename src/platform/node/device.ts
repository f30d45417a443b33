// Opening a device in Node: an adapter by the user's choice, and waiting that does not burn a core.

import { totalmem } from "node:os";
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

/** A device, and what its machine allows. */
export interface OpenedEngine extends OpenedDevice {
  /** Bytes that all buffers together may take, where that is known: software adapters have the machine's memory. */
  readonly budgetBytes: number | undefined;
}

/** Opens the device that `weft` computes on. @throws WeftError with the remedy where no adapter fits. */
export async function openEngine(options: AdapterOptions & DeviceOptions = {}): Promise<OpenedEngine> {
  const opened = await openDescribedDevice(options);
  return { ...opened, budgetBytes: opened.description.kind === "software" ? machineBytes() : undefined };
}

/** The memory of the machine, or what a container leaves of it. */
function machineBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/**
 * Opens a device on the first adapter that fits the choice, as `openAdapter` does.
 * @throws WeftError if no adapter fits, with the remedy
 */
export async function openDevice(options: AdapterOptions & DeviceOptions = {}): Promise<GpuDevice> {
  const { device } = await openDescribedDevice(options);
  return device;
}
