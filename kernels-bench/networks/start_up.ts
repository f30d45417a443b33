// From the start of a process to the end of its first training step, with an empty and with a filled shader cache of
// the driver. Each measurement is a process of its own: this program with `--first-step`.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WeftError } from "../../src/base/errors.ts";
import type { GpuDevice } from "../../src/gpu/device.ts";
import { backboneNamed } from "../../src/models/backbones.ts";
import { type NetworkForm, networkCaseName } from "../cases/network_form.ts";
import type { BenchContext, BenchItem } from "../measuring/bench_item.ts";
import type { Measurement } from "../measuring/rows.ts";
import { PreparedNetwork } from "./network.ts";

const FORM: NetworkForm = {
  backbone: backboneNamed("MobileNetV2"),
  alpha: undefined,
  size: 96,
  batch: 16,
  pass: "train",
};
const RUNS = { cold: 1, warm: 3 } as const;
type Cache = keyof typeof RUNS;

/** What the child prints when its step is done. */
const FIRST_STEP_DONE = "first step done";

/** The child's work: a step of the network on an opened device. */
export async function runFirstStep(device: GpuDevice): Promise<void> {
  const prepared = await PreparedNetwork.compile(device, FORM);
  const { loss } = await prepared.run();
  if (!loss?.every(Number.isFinite)) throw new WeftError(`the first step's loss is ${loss?.join(", ")}`);
  process.stdout.write(`${FIRST_STEP_DONE}\n`);
  prepared.destroy();
}

/** Environment variables for the drivers' shader caches: Mesa and NVIDIA. */
const cacheVariables = (folder: string) => ({
  MESA_SHADER_CACHE_DIR: folder,
  __GL_SHADER_DISK_CACHE_PATH: folder,
  __GL_SHADER_DISK_CACHE: "1",
});

/** Milliseconds from the start of a process to the end of its first step. */
function timeFirstStep(cacheFolder: string, flags: readonly string[]): Promise<number> {
  const program = process.argv[1];
  if (program === undefined) throw new WeftError("start-up is measured from the command line only");
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, [program, "--first-step", ...flags], {
      env: { ...process.env, ...cacheVariables(cacheFolder) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let took: number | undefined;
    let faults = "";
    child.stdout.on("data", (text: Buffer) => {
      if (text.toString().includes(FIRST_STEP_DONE)) took ??= performance.now() - started;
    });
    child.stderr.on("data", (text: Buffer) => {
      faults += text.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0 && took !== undefined) resolve(took);
      else
        reject(new WeftError(`the first step failed: ${faults.trim().split("\n").at(-1) ?? `code ${code}`}`));
    });
  });
}

async function measureStart(
  { device, onStage }: BenchContext,
  cache: Cache,
  adapter: string,
): Promise<Measurement> {
  const folder = await mkdtemp(join(tmpdir(), "weft-start-"));
  const flags = ["--adapter", adapter, "--kernels", device.facts.family];
  try {
    if (cache === "warm") {
      onStage("filling the cache");
      await timeFirstStep(folder, flags);
    }
    onStage("timing");
    const wallMs: number[] = [];
    for (let i = 0; i < RUNS[cache]; i++) wallMs.push(await timeFirstStep(folder, flags));
    return {
      case: `start/${networkCaseName(FORM)}`,
      pass: cache,
      batch: FORM.batch,
      timing: { wallMs, gpuMs: [] },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param adapter as `--adapter` has it, for the child. */
export function startItems(adapter: string): BenchItem[] {
  return (["cold", "warm"] as const).map((cache) => ({
    case: `start/${networkCaseName(FORM)}`,
    pass: cache,
    op: "start",
    isQuick: false,
    usesCeilings: false,
    measure: (context) => measureStart(context, cache, adapter),
  }));
}
