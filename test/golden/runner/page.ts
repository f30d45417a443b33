// The browser's side of `npm run golden -- DIR --browser`: runs cases that the server beside it hands out.

import { messageOf, WeftError } from "../../../src/base/errors.ts";
import { GpuDevice, type KernelFamily } from "../../../src/gpu/device.ts";
import { openWeights, takeWeights } from "../../../src/training/weights_file.ts";
import { parseGoldenCase } from "./golden_case.ts";
import { type CaseOutcome, runCase } from "./run_case.ts";

/** What the command line calls in the page. */
export interface GoldenPage {
  /** Opens the device, with kernels of a family where one is named, and describes it. */
  open(family?: KernelFamily): Promise<string>;
  /** Runs the case of this number. */
  run(index: number, path: string): Promise<CaseOutcome>;
}

declare global {
  interface Window {
    goldenPage: GoldenPage;
  }
}

let device: GpuDevice | undefined;

async function fetchBytes(address: string, path: string): Promise<Uint8Array> {
  const response = await fetch(address);
  if (!response.ok) throw new WeftError(`${path}: ${await response.text()}`);
  return new Uint8Array(await response.arrayBuffer());
}

window.goldenPage = {
  async open(family) {
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter) throw new WeftError("this browser has no WebGPU adapter");
    device = await GpuDevice.open(adapter, family && { family });
    const { vendor, architecture, description } = adapter.info;
    const kernels = `${device.facts.family} kernels`;
    return [vendor, architecture, description, kernels].filter((part) => part !== "").join(", ");
  },
  async run(index, path) {
    if (!device) throw new Error("the device is not open");
    try {
      const golden = parseGoldenCase(await fetchBytes(`case/${index}`, path), path);
      return await runCase(device, golden, async (file, wanted) => {
        const bytes = await fetchBytes(`beside/${index}/${encodeURIComponent(file)}`, file);
        const weights = await openWeights(bytes, file);
        try {
          return (await takeWeights(weights, { network: "the case", required: wanted })).values;
        } finally {
          weights.close();
        }
      });
    } catch (thrown) {
      return { status: "failed", message: messageOf(thrown) };
    }
  },
};
