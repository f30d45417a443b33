// Opens the device that a command computes on.

import type { AdapterChoice, AdapterDescription } from "../gpu/adapters.ts";
import type { KernelFamily } from "../gpu/device.ts";
import { type OpenedEngine, openEngine } from "../platform/node/device.ts";
import type { TrainingEngine } from "../training/recipe/platform.ts";

/** A device and what is known of it. */
export type Engine = OpenedEngine;

/**
 * Runs work on the adapter that `--adapter` asks for, with the kernels that suit it or those of `--kernels`; the device is
 * closed afterwards, whatever happens.
 * @throws WeftError where there is no such adapter.
 */
export async function withEngine<T>(
  choice: AdapterChoice,
  work: (engine: Engine) => Promise<T>,
  kernels?: KernelFamily,
): Promise<T> {
  const engine = await openEngine({ adapter: choice, ...(kernels && { family: kernels }) });
  try {
    return await work(engine);
  } finally {
    engine.device.destroy();
  }
}

/** The engine of a training in Node, whose adapter is always described. */
export function described({ device, description, budgetBytes }: TrainingEngine): Engine {
  if (!description) throw new Error("an adapter of Node's is described");
  return { device, description, budgetBytes };
}

/** One line: `lavapipe (software), Vulkan, llvmpipe (LLVM 19.1.7, 256 bits)`. */
export function adapterLine({ name, kind, backend, driver }: AdapterDescription): string {
  return [`${name} (${kind})`, backend, driver].filter((part) => part !== "" && part !== name).join(", ");
}
