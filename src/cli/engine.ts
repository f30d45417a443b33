// Opens the device that a command computes on.

import { totalmem } from "node:os";
import type { AdapterChoice, AdapterDescription } from "../gpu/adapters.ts";
import type { GpuDevice, KernelFamily } from "../gpu/device.ts";
import { openDescribedDevice } from "../platform/node/device.ts";

/** A device and what is known of it. */
export interface Engine {
  readonly device: GpuDevice;
  readonly description: AdapterDescription;
  /** Bytes that all buffers together may take, where that is known: software adapters have the machine's memory. */
  readonly budgetBytes: number | undefined;
}

/**
 * Opens the adapter that `--adapter` asks for, with the kernels that suit it or those of `--kernels`.
 * @throws WeftError where there is no such adapter.
 */
async function openEngine(choice: AdapterChoice, kernels?: KernelFamily): Promise<Engine> {
  const { device, description } = await openDescribedDevice({
    adapter: choice,
    ...(kernels && { family: kernels }),
  });
  return { device, description, budgetBytes: description.kind === "software" ? machineBytes() : undefined };
}

/** The memory of the machine, or what a container leaves of it. */
function machineBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** Runs work on a device that is closed afterwards, whatever happens. */
export async function withEngine<T>(
  choice: AdapterChoice,
  work: (engine: Engine) => Promise<T>,
  kernels?: KernelFamily,
): Promise<T> {
  const engine = await openEngine(choice, kernels);
  try {
    return await work(engine);
  } finally {
    engine.device.destroy();
  }
}

/** One line: `lavapipe (software), Vulkan, llvmpipe (LLVM 19.1.7, 256 bits)`. */
export function adapterLine({ name, kind, backend, driver }: AdapterDescription): string {
  return [`${name} (${kind})`, backend, driver].filter((part) => part !== "" && part !== name).join(", ");
}
