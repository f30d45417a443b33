// Runs the golden cases of whole networks: outputs, taps and gradients of a backbone, and short
// trainings of the multi-task model.

import { WeftError } from "../../../src/base/errors.ts";
import { elementCount, type Shape, shapeText } from "../../../src/base/tensors.ts";
import type { GpuDevice } from "../../../src/gpu/device.ts";
import { VariableStore } from "../../../src/gpu/variables.ts";
import { differentiate } from "../../../src/graph/differentiate.ts";
import { Graph, type Tensor } from "../../../src/graph/graph.ts";
import { Plan, type StepValues } from "../../../src/graph/plan.ts";
import { layOutPlan } from "../../../src/graph/plan_layout.ts";
import { backboneNamed } from "../../../src/models/backbones.ts";
import { joinLogits, multiTaskHeads, multiTaskLoss } from "../../../src/models/multi_task.ts";
import type { WeightSpec } from "../../../src/nn/layer_scope.ts";
import { Layers } from "../../../src/nn/layers.ts";
import { lossScaleVariables, type Precision } from "../../../src/nn/mixed_precision.ts";
import type { OptimizerConfig } from "../../../src/nn/optimizers.ts";
import { addTraining, declareVariables } from "../../../src/nn/training.ts";
import { sumOf } from "../../../src/ops/elementwise/sum.ts";
import { castTo } from "../../../src/ops/mixed_precision/cast.ts";
import { LEAST_LOSS_SCALE } from "../../../src/ops/mixed_precision/loss_scale.ts";
import { OPTIMIZER_NAMES } from "../../../src/ops/optimizers/optimizers.ts";
import { fuse, fuseForInference } from "../../../src/passes/passes.ts";
import type { ModelCase, NetworkConfig, TrainingCase, WeightSource } from "./golden_case.ts";
import { proceduralWeight } from "./procedural_weights.ts";
import type { HostTensor } from "./run_operator.ts";

/** Reads the weights that a case keeps in a file beside it, by `layer/weight`. */
export type WeightFileReader = (
  file: string,
  wanted: readonly WeightSpec[],
) => Promise<ReadonlyMap<string, Float32Array>>;

function buildConfig(config: NetworkConfig) {
  const { alpha, includeTop, pooling, classes } = config;
  return {
    includeTop,
    pooling,
    ...(alpha !== undefined && { alpha }),
    ...(classes !== undefined && { classes }),
  };
}

function tensorOf(tensors: ReadonlyMap<string, HostTensor>, name: string): HostTensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new WeftError(`the file has no tensor ${name}`);
  return tensor;
}

function checkInputShape(config: NetworkConfig, shape: Shape): void {
  const { inputShape } = config;
  if (inputShape && shapeText(inputShape) !== shapeText(shape.slice(1))) {
    throw new WeftError(`image is ${shapeText(shape)} but inputShape says ${shapeText(inputShape)}`);
  }
}

async function fillWeights(
  store: VariableStore,
  weights: readonly WeightSpec[],
  source: WeightSource,
  readWeights: WeightFileReader,
): Promise<void> {
  const fromFile = "file" in source ? await readWeights(source.file, weights) : undefined;
  for (const { name, shape } of weights) {
    const values = "file" in source ? fromFile?.get(name) : proceduralWeight(name, shape, source.procedural);
    if (!values) throw new WeftError(`no values for the weight ${name}`);
    store.write(name, values);
  }
}

/** Runs a model case: `features`, taps by layer name, and `grad/layer/weight`. */
export async function runModel(
  device: GpuDevice,
  golden: ModelCase,
  readWeights: WeightFileReader,
): Promise<StepValues> {
  const image = tensorOf(golden.tensors, "image");
  checkInputShape(golden.config, image.shape);
  const graph = new Graph();
  const layers = new Layers(graph, { training: golden.training });
  const features = backboneNamed(golden.backbone).build(
    layers,
    graph.input("image", image.shape),
    buildConfig(golden.config),
  );
  const outputs: Record<string, Tensor> = { features };
  for (const tap of golden.taps) outputs[tap] = layers.outputOf(tap);
  const isDifferentiated = golden.training || golden.grads.length > 0;
  (isDifferentiated ? fuse : fuseForInference)(graph, Object.values(outputs));

  const fed: Record<string, Float32Array | Uint32Array> = { image: image.data };
  if (golden.grads.length > 0) {
    const upstream = tensorOf(golden.tensors, "dfeatures");
    const seed = { tensor: features, gradient: graph.input("dfeatures", upstream.shape) };
    fed.dfeatures = upstream.data;
    const targets = golden.grads.map((name) => {
      const target = graph.declared.get(name);
      if (!target) throw new WeftError(`${golden.backbone} has no weight ${name}`);
      return target;
    });
    const gradients = differentiate(graph, [seed], targets, sumOf);
    for (const target of targets) {
      const gradient = gradients.get(target);
      if (!gradient) throw new WeftError(`features do not depend on ${target.name}`);
      outputs[`grad/${target.name}`] = gradient;
    }
  }
  const layout = layOutPlan(graph, outputs, device.facts);
  const store = new VariableStore(device);
  try {
    for (const weight of layers.weights) store.declare(weight);
    await fillWeights(store, layers.weights, golden.weights, readWeights);
    const plan = await Plan.compile(device, layout, store);
    try {
      plan.poison();
      return await plan.run(fed);
    } finally {
      plan.destroy();
    }
  } finally {
    store.destroy();
  }
}

function optimizerOf(raw: Readonly<Record<string, unknown>>): {
  config: OptimizerConfig;
  learningRate: number;
} {
  const { name, lr, ...constants } = raw;
  if (typeof lr !== "number") throw new WeftError("the optimizer needs a number lr");
  const numbers = Object.fromEntries(
    Object.entries(constants).map(([key, value]) => [
      key,
      typeof value === "boolean" ? value : Number(value),
    ]),
  );
  const known = OPTIMIZER_NAMES.find((one) => one === name);
  if (known === undefined) throw new WeftError(`unknown optimizer ${JSON.stringify(name)}`);
  return { config: { name: known, ...numbers }, learningRate: lr };
}

/** The graph of a training's step, laid out. */
function layOutStep(
  golden: TrainingCase,
  rows: number,
  imageShape: Shape,
  precision: Precision,
  device: GpuDevice,
) {
  const { heads, optimizer, dropout } = golden;
  const width = heads.reduce((sum, head) => sum + head.classes, 0);
  const graph = new Graph();
  const dropoutSeed = graph.input("seed", [2], "u32");
  const layers = new Layers(graph, { training: true, dropoutSeed });
  const given = graph.input("image", [rows, ...imageShape]);
  const image = castTo(graph, given, precision === "mixed" ? "f16" : "f32");
  const network = {
    ...buildConfig(golden.config),
    includeTop: false,
    pooling: golden.config.pooling ?? "avg",
  };
  const features = castTo(graph, backboneNamed(golden.backbone).build(layers, image, network), "f32");
  const logits = joinLogits(graph, multiTaskHeads(layers, features, heads, dropout));
  const { loss } = multiTaskLoss(graph, logits, graph.input("labels", [rows, width]), heads);
  fuse(graph);
  const { config } = optimizerOf(optimizer);
  const learningRate = graph.input("learningRate", [1]);
  const { maxBindingBytes: maxArenaBytes } = device.facts;
  const variables = addTraining(layers, { loss, optimizer: config, learningRate, maxArenaBytes });
  const { lossScale } = variables;
  return { layout: layOutPlan(graph, { loss, ...(lossScale && { lossScale }) }, device.facts), variables };
}

/**
 * Runs a short training: `losses` [steps], and `weights/layer/weight` where the file has them. In mixed precision the
 * loss scale is found beforehand, so that moving averages see the first batch once.
 */
export async function runTraining(
  device: GpuDevice,
  golden: TrainingCase,
  readWeights: WeightFileReader,
  precision: Precision = "f32",
): Promise<StepValues> {
  const images = tensorOf(golden.tensors, "images");
  const [, rows = 0, ...imageShape] = images.shape;
  const { layout, variables } = layOutStep(golden, rows, imageShape, precision, device);
  const store = new VariableStore(device);
  try {
    declareVariables(store, variables);
    const start = () => fillWeights(store, variables.weights, golden.weights, readWeights);
    await start();
    const plan = await Plan.compile(device, layout, store);
    try {
      plan.poison();
      if (variables.lossScale) {
        await takeStep(plan, stepInputs(golden, images, 0, 0));
        await start();
        const kept = lossScaleVariables.map(({ name }) => name);
        for (const { name } of variables.optimizerVariables) if (!kept.includes(name)) store.clear(name);
      }
      const losses = await runSteps(plan, golden, images, optimizerOf(golden.optimizer).learningRate);
      const wanted = [...golden.tensors.keys()].filter((name) => name.startsWith("weights/"));
      const weights = await store.read(wanted.map((name) => name.slice("weights/".length)));
      return {
        losses,
        ...Object.fromEntries([...weights].map(([name, values]) => [`weights/${name}`, values])),
      };
    } finally {
      plan.destroy();
    }
  } finally {
    store.destroy();
  }
}

/** Runs a step, again where it was left out for gradients that are infinite in f16: the scale is smaller then. */
async function takeStep(plan: Plan, inputs: ReturnType<typeof stepInputs>): Promise<StepValues> {
  for (;;) {
    const values = await plan.run(inputs);
    const [factor = 1, scale = 0] = values.lossScale ?? [];
    if (factor !== 0) return values;
    if (scale <= LEAST_LOSS_SCALE)
      throw new WeftError("no loss scale leaves gradients that are finite in f16");
  }
}

function stepInputs(golden: TrainingCase, images: HostTensor, step: number, learningRate: number) {
  const [, rows = 0, ...imageShape] = images.shape;
  const pixels = rows * elementCount(imageShape);
  return {
    image: images.data.subarray(step * pixels, (step + 1) * pixels),
    labels: labelRows(golden, step, rows),
    seed: new Uint32Array([0, step]),
    learningRate: new Float32Array([learningRate]),
  };
}

/** Runs all steps of a training; returns the total loss of each before its update. */
async function runSteps(
  plan: Plan,
  golden: TrainingCase,
  images: HostTensor,
  learningRate: number,
): Promise<Float32Array<ArrayBuffer>> {
  const { steps } = golden;
  const losses = new Float32Array(steps);
  for (let step = 0; step < steps; step++) {
    const values = await takeStep(plan, stepInputs(golden, images, step, learningRate));
    losses[step] = [...(values.loss ?? [])].reduce((sum, value) => sum + value, 0);
  }
  return losses;
}

/** The heads' one-hot labels of one step side by side. */
function labelRows({ heads, tensors }: TrainingCase, step: number, rows: number): Float32Array {
  const width = heads.reduce((sum, head) => sum + head.classes, 0);
  const joined = new Float32Array(rows * width);
  let column = 0;
  for (const { name, classes } of heads) {
    const { data } = tensorOf(tensors, `labels/${name}`);
    for (let row = 0; row < rows; row++) {
      const from = (step * rows + row) * classes;
      joined.set(data.subarray(from, from + classes), row * width + column);
    }
    column += classes;
  }
  return joined;
}
