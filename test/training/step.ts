// A small training step and what it takes to run it, for tests of the engine.

import type { GpuDevice } from "../../src/gpu/device.ts";
import { VariableStore } from "../../src/gpu/variables.ts";
import { type HostArray, Plan } from "../../src/graph/plan.ts";
import { backboneNamed } from "../../src/models/backbones.ts";
import { initialValues } from "../../src/nn/initializers.ts";
import { declareVariables } from "../../src/nn/training.ts";
import { layOutTrainingStep, type TrainingStepConfig } from "../../src/training/network.ts";
import type { TrainingStep } from "../../src/training/step_layout.ts";

export const SMALL_STEP: TrainingStepConfig = {
  backbone: backboneNamed("MobileNetV2"),
  alpha: 0.35,
  size: 32,
  heads: [
    { name: "coat_length", classes: 8 },
    { name: "skirt_length", classes: 6 },
  ],
  batchSize: 4,
  dropout: 0.5,
  batchNormMomentum: 0.9,
  augment: true,
  freezeBackbone: false,
  optimizer: { name: "adam" },
};

export interface RunningStep {
  readonly step: TrainingStep;
  readonly store: VariableStore;
  readonly plan: Plan;
}

/** Declares the variables, draws the weights from seed 1 and compiles the plan. */
export async function startStep(
  device: GpuDevice,
  config: TrainingStepConfig = SMALL_STEP,
): Promise<RunningStep> {
  const step = layOutTrainingStep(config, device.facts);
  const store = new VariableStore(device);
  declareVariables(store, step);
  for (const spec of step.weights) store.write(spec.name, initialValues(spec, 1));
  return { step, store, plan: await Plan.compile(device, step.layout, store) };
}

/** Inputs of one step: coloured gradients with alternating labels; every row valid unless told otherwise. */
export function stepInputs(
  config: TrainingStepConfig,
  step: number,
  valid = config.batchSize,
): Record<string, HostArray> {
  const { batchSize, size, heads } = config;
  const pixels = size * size * 3;
  const bytes = new Uint8Array(batchSize * pixels);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * (1 + Math.floor(i / pixels)) * 7) % 256;
  const classes = heads.reduce((sum, head) => sum + head.classes, 0);
  const labels = new Float32Array(batchSize * classes);
  const transform = new Float32Array(batchSize * 6);
  for (let row = 0; row < batchSize; row++) {
    if (row < valid) labels[row * classes + (row % classes)] = 1;
    transform.set([1, 0, 0, 0, 1, 0], 6 * row);
  }
  return {
    bytes,
    labels,
    transform,
    validRows: new Uint32Array([valid]),
    seed: new Uint32Array([1, step]),
    learningRate: new Float32Array([1e-3]),
  };
}
