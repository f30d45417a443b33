// Whole networks: an inference step, and the multi-task training step with the reference's eight heads, masked loss,
// dropout and Adam, fed like a real run: bytes are uploaded, a few numbers are read back.

import { WeftError } from "../../src/base/errors.ts";
import { RandomStream } from "../../src/base/random.ts";
import { REFERENCE_HEADS } from "../../src/demo/reference_heads.ts";
import type { GpuDevice } from "../../src/gpu/device.ts";
import { VariableStore } from "../../src/gpu/variables.ts";
import { type HostArray, Plan, type StepValues } from "../../src/graph/plan.ts";
import type { PlanLayout } from "../../src/graph/plan_layout.ts";
import { backboneNamed } from "../../src/models/backbones.ts";
import { initialValues } from "../../src/nn/initializers.ts";
import type { WeightSpec } from "../../src/nn/layer_scope.ts";
import { declareVariables } from "../../src/nn/training.ts";
import { layOutInferenceStep, layOutTrainingStep } from "../../src/training/network.ts";
import { requirePrecision } from "../../src/training/precision.ts";
import { MIXED_TOLERANCE } from "../../test/golden/runner/run_case.ts";
import { type NetworkForm, type NetworkPass, networkCaseName } from "../cases/network_form.ts";
import type { BenchContext, BenchItem } from "../measuring/bench_item.ts";
import type { Measurement } from "../measuring/rows.ts";
import { CommandSampler, type Sample, timeSamples } from "../measuring/timing.ts";
import { checkNetwork } from "./golden_check.ts";

const DROPOUT = 0.5;
const LEARNING_RATE = 1e-4;
const SEED = 1;
/** Samples by timestamps, in addition to those by the clock. */
const GPU_SAMPLES = 3;

/** A step of a network, compiled and fed. */
export class PreparedNetwork {
  private steps = 0;

  private constructor(
    readonly plan: Plan,
    private readonly variables: VariableStore,
    private readonly inputs: Readonly<Record<string, HostArray>>,
    private readonly pass: NetworkPass,
  ) {}

  static async compile(device: GpuDevice, form: NetworkForm): Promise<PreparedNetwork> {
    const { layout, weights, declare } = layOutNetwork(form, device);
    return VariableStore.with(device, async (variables) => {
      declare(variables);
      for (const spec of weights) variables.write(spec.name, initialValues(spec, SEED));
      const plan = await Plan.compile(device, layout, variables);
      return new PreparedNetwork(plan, variables, batchOf(form), form.pass);
    });
  }

  /** Puts one step on the queue, its batch included. @param draw the number of its dropout mask. */
  submit(draw = ++this.steps): Promise<{ values: Promise<StepValues> }> {
    if (this.pass === "inference") return this.plan.submit(this.inputs);
    return this.plan.submit({ ...this.inputs, seed: new Uint32Array([SEED, draw]) });
  }

  /** Runs one step and waits for its loss. */
  async run(draw?: number): Promise<StepValues> {
    const { values } = await this.submit(draw);
    return values;
  }

  /** Steps one after the other, each waited for. */
  async sample(repetitions: number): Promise<Sample> {
    const started = performance.now();
    for (let i = 0; i < repetitions; i++) await this.run();
    return { wallMs: performance.now() - started, gpuMs: undefined };
  }

  destroy(): void {
    this.plan.destroy();
    this.variables.destroy();
  }
}

interface LaidOutNetwork {
  readonly layout: PlanLayout;
  readonly weights: readonly WeightSpec[];
  readonly declare: (variables: VariableStore) => void;
}

/** A step of a network, not yet compiled. */
export function layOutNetwork(form: NetworkForm, { facts }: GpuDevice): LaidOutNetwork {
  const { backbone, alpha, size, batch, pass, precision = "f32" } = form;
  const network = { backbone, alpha, size, heads: REFERENCE_HEADS };
  if (pass === "inference") {
    const { layout, weights } = layOutInferenceStep(network, batch, facts);
    const declare = (variables: VariableStore) => {
      for (const spec of weights) variables.declare(spec);
    };
    return { layout, weights, declare };
  }
  const step = layOutTrainingStep(
    {
      ...network,
      batchSize: batch,
      dropout: DROPOUT,
      batchNormMomentum: backbone.batchNormMomentum,
      augment: false,
      freezeBackbone: false,
      optimizer: { name: "adam" },
      precision,
    },
    facts,
  );
  const declare = (variables: VariableStore) => declareVariables(variables, step);
  return { layout: step.layout, weights: step.weights, declare };
}

/** Random images; each is labelled in one head, as FashionAI's are. */
function batchOf({ size, batch, pass }: NetworkForm): Record<string, HostArray> {
  const stream = new RandomStream(SEED, "bench batch");
  const width = REFERENCE_HEADS.reduce((sum, { classes }) => sum + classes, 0);
  const labels = new Float32Array(batch * width);
  for (let row = 0; row < batch; row++) labels[row * width + stream.below(width)] = 1;
  return {
    bytes: Uint8Array.from({ length: batch * size * size * 3 }, () => stream.below(256)),
    labels,
    validRows: new Uint32Array([batch]),
    ...(pass === "train" && { learningRate: new Float32Array([LEARNING_RATE]) }),
  };
}

/** The peak memory of the process, if the platform tells. */
function peakResidentBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

/**
 * The largest form on which mixed-precision steps are compared with f32. Batch norms over few rows amplify rounding, so
 * for smaller forms only the first loss is compared.
 */
const COMPARED = { size: 128, batch: 8, steps: 2, tries: 24 } as const;

/** The losses of a smaller form's first steps in f32. @throws WeftError if those of mixed precision differ. */
async function checkMixed(device: GpuDevice, form: NetworkForm): Promise<void> {
  const size = Math.min(form.size, Math.max(COMPARED.size, form.backbone.minSize));
  const small = { ...form, size, batch: Math.min(form.batch, COMPARED.batch) };
  const steps = size < COMPARED.size || small.batch < COMPARED.batch ? 1 : COMPARED.steps;
  const want = await firstLosses(device, { ...small, precision: "f32" }, steps);
  const got = await firstLosses(device, small, steps);
  const allowed = MIXED_TOLERANCE.rtol * Math.max(...want);
  const wrong = want.findIndex((loss, step) => !(Math.abs((got[step] ?? Number.NaN) - loss) <= allowed));
  if (wrong < 0) return;
  throw new WeftError(
    `${networkCaseName(small)}, batch ${small.batch}: the loss of step ${wrong + 1} is ${got[wrong]}, in f32 it is ` +
      `${want[wrong]}. A wrong network is not timed.`,
  );
}

/** Summed over the heads; steps that loss scaling skips while it finds its scale are not counted. */
async function firstLosses(device: GpuDevice, form: NetworkForm, steps: number): Promise<number[]> {
  const prepared = await PreparedNetwork.compile(device, form);
  try {
    const losses: number[] = [];
    for (let tries = 0; losses.length < steps && tries < COMPARED.tries; tries++) {
      const { loss = [], lossScale } = await prepared.run(losses.length + 1);
      if (lossScale?.[0] === 0) continue;
      losses.push(Array.from(loss).reduce((sum, value) => sum + value, 0));
    }
    return losses;
  } finally {
    prepared.destroy();
  }
}

async function measureNetwork({ device, onStage }: BenchContext, form: NetworkForm): Promise<Measurement> {
  requirePrecision(form.precision, device);
  onStage("checking a golden case");
  await checkNetwork(device, form);
  if (form.precision === "mixed") await checkMixed(device, form);
  onStage("compiling");
  const prepared = await PreparedNetwork.compile(device, form);
  try {
    onStage("timing");
    const { wallMs } = await timeSamples((repetitions) => prepared.sample(repetitions));
    const sampler = new CommandSampler(device, prepared.plan.commands);
    const gpuMs: number[] = [];
    for (let i = 0; i < GPU_SAMPLES; i++) {
      const { gpuMs: ms } = await sampler.sample(1);
      if (ms !== undefined) gpuMs.push(ms);
    }
    sampler.destroy();
    const { flops, dispatches } = prepared.plan.layout.statistics;
    return {
      case: networkCaseName(form),
      pass: form.pass,
      batch: form.batch,
      timing: { wallMs, gpuMs },
      images: form.batch,
      flops,
      dispatches,
      peakGpuBytes: device.allocatedBytes,
      peakResidentBytes: peakResidentBytes(),
    };
  } finally {
    prepared.destroy();
  }
}

/** A network as a bench item. */
export function networkItem(form: NetworkForm, isQuick = false): BenchItem {
  return {
    case: networkCaseName(form),
    pass: form.pass,
    op: "network",
    isQuick,
    subject: { form },
    usesCeilings: true,
    measure: (context) => measureNetwork(context, form),
  };
}

/** Name, pixels, batch, pass, whether it is part of the default run. */
const NETWORKS: readonly (readonly [string, number, number, NetworkPass, boolean])[] = [
  ["MobileNetV2", 96, 16, "train", true],
  ["MobileNetV2", 224, 8, "inference", true],
  ["MobileNetV2", 224, 8, "train", false],
  ["InceptionResNetV2", 299, 1, "inference", false],
  ["InceptionResNetV2", 299, 2, "inference", false],
  ["InceptionResNetV2", 299, 2, "train", false],
  ["NASNetLarge", 331, 1, "inference", false],
  ["NASNetLarge", 331, 1, "train", false],
  ["Xception", 299, 2, "train", false],
  ["EfficientNetB0", 224, 8, "train", false],
  ["ResNet50", 224, 4, "train", false],
];

/** The networks of `--all`. */
export function networkItems(): BenchItem[] {
  return NETWORKS.map(([name, size, batch, pass, isQuick]) =>
    networkItem({ backbone: backboneNamed(name), alpha: undefined, size, batch, pass }, isQuick),
  );
}
