// Every specialisation of every shader that operators ask for, on any kind of adapter, compiles: on Dawn's
// null backend, which validates without a GPU.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { create } from "webgpu";
import { type DeviceFacts, GpuDevice } from "../../src/gpu/device.ts";
import { specialisationKey } from "../../src/gpu/pipelines.ts";
import { linkShader } from "../../src/gpu/shader_linking.ts";
import type { KernelUse } from "../../src/graph/operator.ts";
import { layOutPlan } from "../../src/graph/plan_layout.ts";
import { backboneNamed } from "../../src/models/backbones.ts";
import type { OptimizerConfig } from "../../src/nn/optimizers.ts";
import { TILES } from "../../src/ops/conv2d/gpu_tiles.ts";
import { OPTIMIZER_NAMES } from "../../src/ops/optimizers/optimizers.ts";
import { layOutInferenceStep, layOutTrainingStep } from "../../src/training/network.ts";
import { SameChoice } from "../ops/same_choice.ts";
import { recordGraph } from "../reference/record_graph.ts";
import { records } from "../reference/records.ts";
import type { OperatorRecord, Sample } from "../reference/reference.ts";
import { SMALL_STEP } from "../training/step.ts";

const ADAPTERS = [
  { family: "cpu", subgroupSize: 8 },
  { family: "cpu", subgroupSize: 4 },
  { family: "cpu", subgroupSize: 16 },
  { family: "cpu", subgroupSize: undefined },
  { family: "gpu", subgroupSize: undefined },
] as const;

/** The kernels of one operator on one sample, forward and backward. */
function kernelsOf(record: OperatorRecord, sample: Sample, facts: DeviceFacts): KernelUse[] {
  const { graph, wanted } = recordGraph(record, sample);
  return kernelUses(layOutPlan(graph, wanted, facts));
}

function kernelUses({ memory }: ReturnType<typeof layOutPlan>): KernelUse[] {
  return memory.commands.flatMap((command) => (command.kind === "dispatch" ? [command.kernel] : []));
}

function allKernels(facts: DeviceFacts): Map<string, KernelUse> {
  const uses = records.flatMap((record) =>
    record.samples().flatMap((sample) => kernelsOf(record, sample, facts)),
  );
  const chosen = records.filter(({ op }) => op === "conv2d" || op === "batchNorm");
  const onGpus = [...TILES.map(({ name }) => ({ tile: name })), { splits: "1" }];
  for (const choices of facts.family === "gpu" ? onGpus : [{ method: "winograd" }]) {
    const tuned = { ...facts, tuning: new SameChoice(choices) };
    for (const record of chosen)
      for (const sample of record.samples()) uses.push(...kernelsOf(record, sample, tuned));
  }
  const optimizers = OPTIMIZER_NAMES.flatMap((name): OptimizerConfig[] =>
    name === "adam" ? [{ name }] : [{ name }, { name, momentum: 0.9 }],
  );
  for (const optimizer of optimizers) {
    for (const augment of [true, false]) {
      uses.push(...kernelUses(layOutTrainingStep({ ...SMALL_STEP, optimizer, augment }, facts).layout));
    }
    const mixed = { ...SMALL_STEP, optimizer, precision: "mixed" } as const;
    if (hasF16) uses.push(...kernelUses(layOutTrainingStep(mixed, facts).layout));
  }
  uses.push(...kernelUses(layOutInferenceStep(SMALL_STEP, 2, facts).layout));
  const residual = {
    ...SMALL_STEP,
    backbone: backboneNamed("InceptionResNetV2"),
    alpha: undefined,
    size: 75,
  };
  uses.push(...kernelUses(layOutTrainingStep(residual, facts).layout));
  return new Map(uses.map((use) => [specialisationKey(use), use]));
}

// Dawn crashes when an instance is collected before its devices.
const gpu = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);
const hasF16 = (await gpu.requestAdapter())?.features.has("shader-f16") ?? false;

describe("shaders (those of mixed precision require shader-f16 of the null backend)", () => {
  let device: GpuDevice;
  beforeAll(async () => {
    const adapter = await gpu.requestAdapter();
    if (!adapter) throw new Error("Dawn's null backend has no adapter");
    device = await GpuDevice.open(adapter);
  });
  afterAll(() => device.destroy());

  it.each(ADAPTERS)(
    "compile in every specialisation: $family kernels, subgroups of $subgroupSize",
    async (form) => {
      const kernels = allKernels({ ...device.facts, ...form });
      expect(kernels.size).toBeGreaterThan(100);
      for (const use of kernels.values()) await device.pipelines.get(use);
    },
  );

  it.skipIf(!hasF16)(
    "compile with f16 in all float storage (requires shader-f16 of the null backend)",
    async () => {
      for (const form of ADAPTERS.filter(({ subgroupSize }) => subgroupSize !== 16)) {
        for (const use of allKernels({ ...device.facts, ...form }).values()) {
          const { code, storage } = await linkShader(use);
          const isFloat = ({ name }: { name: string }) => {
            const type = new RegExp(`\\b${name}\\s*:\\s*array<(\\w+)`).exec(code)?.[1] ?? "";
            return !/u32|vec4u|Places/.test(type);
          };
          const narrow = storage.filter(isFloat).map(({ name }) => name);
          if (narrow.length > 0) await device.pipelines.get({ ...use, narrow });
        }
      }
    },
  );

  it("compile for a tile of 8 x 16 values a thread, which no rule chooses yet", async () => {
    const facts = { ...device.facts, family: "gpu", subgroupSize: undefined } as const;
    const products = [...allKernels(facts).values()].filter(({ constants }) => constants?.ROWS_PER_THREAD);
    expect(products.length).toBeGreaterThan(3);
    const tile = { TILE_ROWS: "128u", TILE_COLUMNS: "128u", ROWS_PER_THREAD: 8, COLUMNS_PER_THREAD: 16 };
    for (const use of products) await device.pipelines.get({ ...use, constants: tile });
  });

  it("that do not compile are shown with the line that is at fault", async () => {
    const source = "@compute @workgroup_size(1) fn main() {\n  @for(i in 0..2) let x$i: u32 = 1.5;\n}";
    await expect(device.pipelines.get({ name: "f", source })).rejects.toThrow(
      /^shader f does not compile: .*, in "let x0: u32 = 1\.5;"/,
    );
  });

  it("are all in use", () => {
    const used = new Set(
      ADAPTERS.flatMap((form) =>
        [...allKernels({ ...device.facts, ...form }).values()].map(({ name }) => name.split(" ")[0]),
      ),
    );
    const folder = join(import.meta.dirname, "../../shaders");
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => /\.(wgsl|wesl)$/.test(path) && !path.startsWith("common"))
      .map((path) => path.replace(/\\/g, "/").replace(/\.\w+$/, ""));
    expect(files.filter((file) => !used.has(file))).toEqual([]);
  });
});
