// The plans of a training, laid out before anything is compiled: what they will need is known without a GPU call.

import { byteSize } from "../base/tensors.ts";
import type { DeviceFacts } from "../gpu/device.ts";
import { trainingVariableBytes } from "../nn/training.ts";
import { type FiniteCheckLayout, layOutFiniteCheck } from "./finite_check.ts";
import type { LaidOut } from "./memory_fit.ts";
import { layOutInferenceStep, layOutTrainingStep, type TrainingStepConfig } from "./network.ts";
import type { InferenceStep, TrainingStep } from "./step_layout.ts";

/** The steps of a training, laid out but not compiled, and the bytes that each part will take. */
export interface TrainingLayout extends LaidOut {
  readonly training: TrainingStep;
  readonly validation: InferenceStep;
  readonly finiteCheck: FiniteCheckLayout;
  readonly weightBytes: number;
  readonly optimizerBytes: number;
  /** Activations, gradients, inputs and what else the plans own. */
  readonly planBytes: number;
  /** The buffer through which weights are read back to be saved. */
  readonly readBackBytes: number;
}

/** Lays out the steps of a training without a GPU call. @throws WeftError where a tensor is too large. */
export function layOutTraining(config: TrainingStepConfig, facts: DeviceFacts): TrainingLayout {
  const training = layOutTrainingStep(config, facts);
  const validation = layOutInferenceStep(config, config.batchSize, facts);
  const finiteCheck = layOutFiniteCheck(training, facts);
  const layouts = [training.layout, validation.layout, finiteCheck.layout];
  const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);
  const { weights, optimizer } = trainingVariableBytes(training);
  const parts = {
    weightBytes: weights,
    optimizerBytes: optimizer,
    planBytes: sum(layouts.map(({ statistics }) => statistics.planBytes)),
    readBackBytes: sum(training.weights.map(byteSize)),
  };
  return { training, validation, finiteCheck, layouts, ...parts, totalBytes: sum(Object.values(parts)) };
}
