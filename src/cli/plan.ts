// `weft plan`: what a network will need of a GPU, without one: memory and its parts, FLOPs, dispatches,
// pipelines.

import { Command, Option } from "commander";
import { WeftError } from "../base/errors.ts";
import { elementCount } from "../base/tensors.ts";
import { REFERENCE_HEADS } from "../demo/reference_heads.ts";
import { type DeviceFacts, type KernelFamily, megabytes } from "../gpu/device.ts";
import type { PlanStatistics } from "../graph/plan_layout.ts";
import type { Backbone } from "../models/backbone.ts";
import type { Precision } from "../nn/mixed_precision.ts";
import type { Recompute } from "../passes/recompute.ts";
import {
  layOutInferenceStep,
  type NetworkConfig,
  networkName,
  networkWeights,
  type TrainingStepConfig,
} from "../training/network.ts";
import { requireSuits } from "../training/recipe/prepare.ts";
import { layOutTraining } from "../training/training_layout.ts";
import {
  alphaOption,
  backboneOption,
  batchOption,
  jsonOption,
  kernelsOption,
  precisionOption,
  recomputeOption,
  requireOption,
  sizeOption,
} from "./options.ts";
import { columns } from "./tables.ts";
import { grouped, print, styleOf } from "./terminal.ts";

interface PlanOptions {
  readonly backbone?: Backbone;
  readonly alpha?: number;
  readonly size?: number;
  readonly batch: number;
  readonly mode: "train" | "inference";
  readonly kernels: KernelFamily;
  readonly recompute?: Exclude<Recompute, "nothing">;
  readonly precision: Precision;
  readonly json?: boolean;
}

/** What is planned, in bytes; the parts add up to the total. */
interface MemoryParts {
  readonly total: number;
  readonly parts: readonly (readonly [name: string, bytes: number])[];
}

const MEBIBYTE = 2 ** 20;
const FACTS = {
  features: new Set<string>(),
  maxWorkgroupsPerDimension: 65535,
  maxWorkgroupMemoryBytes: 32768,
};

/** Adapters of a family as far as a plan depends on them: lavapipe, and a GPU with room. */
const ADAPTERS: Readonly<Record<KernelFamily, DeviceFacts>> = {
  cpu: {
    ...FACTS,
    family: "cpu",
    subgroupSize: 8,
    maxBindingBytes: 128 * MEBIBYTE,
    maxBufferBytes: 1024 * MEBIBYTE,
  },
  gpu: {
    ...FACTS,
    family: "gpu",
    subgroupSize: undefined,
    maxBindingBytes: 2048 * MEBIBYTE,
    maxBufferBytes: 2048 * MEBIBYTE,
  },
};
const REFERENCE_DROPOUT = 0.5;

/** The `plan` subcommand. */
export function planCommand(): Command {
  return new Command("plan")
    .description("tell the memory and the work of a network, without touching a GPU")
    .addOption(backboneOption())
    .addOption(alphaOption())
    .addOption(sizeOption())
    .addOption(batchOption().default(1))
    .addOption(new Option("--mode <mode>", "what to plan").choices(["train", "inference"]).default("train"))
    .addOption(recomputeOption())
    .addOption(kernelsOption().default("cpu"))
    .addOption(precisionOption())
    .addOption(jsonOption("one object, sizes in bytes"))
    .action(plan);
}

function plan(options: PlanOptions): void {
  const backbone = requireOption(options.backbone, "--backbone", "a backbone's name");
  const { batch, mode, kernels, alpha, recompute = "nothing", precision } = options;
  const size = options.size ?? backbone.defaultSize;
  requireSuits(backbone, { alpha, size });
  if (mode === "inference" && options.recompute !== undefined) {
    throw new WeftError("--recompute is for training steps; leave it out, or plan --mode train");
  }
  if (mode === "inference" && precision === "mixed") {
    throw new WeftError(
      "--precision mixed is for training; inference computes in f32: leave one of them out",
    );
  }
  const facts = ADAPTERS[kernels];
  const network: NetworkConfig = { backbone, alpha, size, heads: REFERENCE_HEADS };
  const { memory, work } =
    mode === "train"
      ? planTraining(network, batch, { recompute, precision }, facts)
      : planInference(network, batch, facts);
  const { flops, dispatches, pipelines } = work;
  if (options.json) {
    const parts = Object.fromEntries(memory.parts);
    const what = {
      backbone: backbone.name,
      alpha: alpha ?? null,
      size,
      batch,
      mode,
      kernels,
      recompute,
      precision,
    };
    print(
      JSON.stringify({ ...what, bytes: { total: memory.total, ...parts }, flops, dispatches, pipelines }),
    );
    return;
  }
  const { bold, dim } = styleOf(process.stdout);
  const title = `${networkName(network)}, ${size} x ${size} pixels, batch ${batch}`;
  const again = recompute === "nothing" ? "" : `, recomputing ${recompute}`;
  const types = precision === "mixed" ? ", mixed precision" : "";
  const step = mode === "train" ? `a training step with Adam${again}${types}` : "an inference step";
  print(`${bold(title)}: ${step}, kernels for ${kernels === "cpu" ? "software adapters" : "GPUs"}`);
  const rows = [
    ...memory.parts.map(([name, bytes]) => [words(name), megabytes(bytes)]),
    ["GPU memory", megabytes(memory.total)].map(bold),
    ["FLOPs", `${(flops / 1e9).toFixed(1)}e9`],
    ["dispatches", grouped(dispatches)],
    ["pipelines", grouped(pipelines)],
  ];
  print(columns(rows));
  const stated = mode === "train" ? "; weft train states the same memory" : "";
  print(dim(`  FLOPs count a multiplication and an addition as two${stated}.`));
}

/** `inputsAndStaging` → `inputs and staging`. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function planTraining(
  network: NetworkConfig,
  batchSize: number,
  choices: Pick<TrainingStepConfig, "recompute" | "precision">,
  facts: DeviceFacts,
): { memory: MemoryParts; work: PlanStatistics } {
  const config = {
    ...network,
    batchSize,
    dropout: REFERENCE_DROPOUT,
    batchNormMomentum: network.backbone.batchNormMomentum,
    augment: true,
    freezeBackbone: false,
    optimizer: { name: "adam" },
    ...choices,
  } as const;
  const layout = layOutTraining(config, facts);
  const { training, validation, finiteCheck, totalBytes, weightBytes, optimizerBytes, readBackBytes } =
    layout;
  const work = training.layout.statistics;
  const gradients = training.trainableArenas.reduce((sum, { elements }) => sum + 4 * elements, 0);
  const { valueBytes, workspaceBytes, planBytes } = work;
  // The f16 copies of the weights, which live through the step.
  const copies = choices.precision === "mixed" ? gradients / 2 : 0;
  const memory: MemoryParts = {
    total: totalBytes,
    parts: [
      ["weights", weightBytes],
      ...(copies > 0 ? ([["weightsInF16", copies]] as const) : []),
      ["gradients", gradients],
      ["moments", optimizerBytes],
      ["activations", valueBytes - gradients - copies - workspaceBytes],
      ["workspace", workspaceBytes],
      ["inputsAndStaging", planBytes - valueBytes],
      ["validationStep", validation.layout.statistics.planBytes],
      ["finiteCheck", finiteCheck.layout.statistics.planBytes],
      ["weightsReadBack", readBackBytes],
    ],
  };
  return { memory, work };
}

function planInference(
  network: NetworkConfig,
  batchSize: number,
  facts: DeviceFacts,
): { memory: MemoryParts; work: PlanStatistics } {
  const work = layOutInferenceStep(network, batchSize, facts).layout.statistics;
  const { backbone, heads } = networkWeights(network);
  const weights = [...backbone, ...heads].reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0);
  const { valueBytes, workspaceBytes, planBytes } = work;
  return {
    memory: {
      total: weights + planBytes,
      parts: [
        ["weights", weights],
        ["activations", valueBytes - workspaceBytes],
        ["workspace", workspaceBytes],
        ["inputsAndStaging", planBytes - valueBytes],
      ],
    },
    work,
  };
}
