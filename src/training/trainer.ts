// The trainer: phases of epochs over a data set, each epoch followed by a validation, on one device.

import { WeftError } from "../base/errors.ts";
import { augmentationTransform } from "../data/augmentation.ts";
import type { Batch, BatchLoader } from "../data/batches.ts";
import { epochOrder, type Split } from "../data/dataset.ts";
import type { CountedHead } from "../formats/label_csv.ts";
import type { GpuDevice } from "../gpu/device.ts";
import { VariableStore } from "../gpu/variables.ts";
import { Plan, type StepValues } from "../graph/plan.ts";
import { initialValues } from "../nn/initializers.ts";
import { MetricsSum, type SetMetrics } from "./metrics.ts";
import {
  layOutInferenceStep,
  layOutTrainingStep,
  type TrainingStep,
  type TrainingStepConfig,
} from "./network.ts";
import { type Phase, totalEpochs } from "./schedule.ts";

export interface TrainerConfig extends TrainingStepConfig {
  readonly phases: readonly Phase[];
  readonly seed: number;
}

/** What one epoch did; a line of `metrics.jsonl`. */
export interface EpochReport {
  readonly epoch: number;
  readonly epochs: number;
  readonly lr: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  readonly train: SetMetrics;
  readonly validation: SetMetrics;
}

/** Where an epoch stands, after each step. */
export interface StepProgress {
  readonly stage: "train" | "validation";
  readonly epoch: number;
  readonly images: number;
  readonly totalImages: number;
  readonly loss: number;
}

export interface TrainerHooks {
  readonly onPipelines?: (done: number, total: number) => void;
  readonly onStep?: (progress: StepProgress) => void;
  /** Awaited before the next epoch begins. */
  readonly onEpoch?: (report: EpochReport) => void | Promise<void>;
  /** Seconds on a clock that only goes forward. */
  readonly now: () => number;
  /** Stops the training after the step in hand. */
  readonly signal?: AbortSignal;
}

/** Whether a training ran to its end. */
export type TrainingEnd = "finished" | "interrupted";

export class Trainer {
  private steps = 0;

  private constructor(
    readonly config: TrainerConfig,
    readonly step: TrainingStep,
    /** All weights and the optimizer's state. */
    readonly variables: VariableStore,
    private readonly trainingPlan: Plan,
    private readonly validationPlan: Plan,
    private readonly heads: readonly CountedHead[],
  ) {}

  /**
   * Compiles the steps and draws the weights.
   * @param weights values that replace the drawn ones, by `layer/weight`.
   */
  static async create(
    device: GpuDevice,
    config: TrainerConfig,
    heads: readonly CountedHead[],
    weights: ReadonlyMap<string, Float32Array>,
    onPipelines?: TrainerHooks["onPipelines"],
  ): Promise<Trainer> {
    const step = layOutTrainingStep(config, device.facts);
    const variables = new VariableStore(device);
    variables.declareArenas(step.trainableArenas, step.weights);
    variables.declareArenas(step.fixedArenas, step.weights);
    for (const spec of step.optimizerVariables) variables.declare(spec);
    for (const spec of step.weights) {
      variables.write(spec.name, weights.get(spec.name) ?? initialValues(spec, config.seed));
    }
    const training = await Plan.compile(
      device,
      step.layout,
      variables,
      onPipelines && { onPipeline: onPipelines },
    );
    const inference = layOutInferenceStep(config, config.batchSize, device.facts);
    const validation = await Plan.compile(device, inference.layout, variables);
    return new Trainer(config, step, variables, training, validation, heads);
  }

  /**
   * Trains all phases.
   * @param loader delivers batches of `batchSize` images.
   * @throws WeftError where a loss is not finite, naming epoch, step and head.
   */
  async train(loader: BatchLoader, split: Split, hooks: TrainerHooks): Promise<TrainingEnd> {
    const epochs = totalEpochs(this.config.phases);
    let epoch = 0;
    for (const phase of this.config.phases) {
      this.resetOptimizer();
      for (let i = 0; i < phase.epochs; i++) {
        epoch++;
        const started = hooks.now();
        const train = await this.trainEpoch(loader, split, epoch, phase.learningRate, hooks);
        const trained = hooks.now() - started;
        if (hooks.signal?.aborted) return "interrupted";
        const validation = await this.validate(loader, split.validation, epoch, hooks);
        if (hooks.signal?.aborted) return "interrupted";
        await hooks.onEpoch?.({
          epoch,
          epochs,
          lr: phase.learningRate,
          seconds: hooks.now() - started,
          imagesPerSecond: train.images / Math.max(1e-9, trained),
          train: train.finish(),
          validation: validation.finish(),
        });
      }
    }
    return "finished";
  }

  private async trainEpoch(
    loader: BatchLoader,
    split: Split,
    epoch: number,
    learningRate: number,
    hooks: TrainerHooks,
  ): Promise<MetricsSum> {
    const { seed, augment, batchSize, size } = this.config;
    const transform = new Float32Array(batchSize * 6);
    const rate = new Float32Array([learningRate]);
    return this.runEpoch(
      this.trainingPlan,
      "train",
      loader,
      epochOrder(split.training, seed, epoch),
      epoch,
      hooks,
      (batch) => {
        this.steps++;
        const inputs = { learningRate: rate, seed: new Uint32Array([seed, this.steps]) };
        if (!augment) return inputs;
        batch.indices.forEach((image, row) => {
          transform.set(augmentationTransform(seed, epoch, image, size, size), 6 * row);
        });
        return { ...inputs, transform };
      },
    );
  }

  private validate(
    loader: BatchLoader,
    images: readonly number[],
    epoch: number,
    hooks: TrainerHooks,
  ): Promise<MetricsSum> {
    return this.runEpoch(this.validationPlan, "validation", loader, images, epoch, hooks, () => ({}));
  }

  /** Runs a plan over images; results are taken up two steps late, so that the GPU never waits. */
  private async runEpoch(
    plan: Plan,
    stage: StepProgress["stage"],
    loader: BatchLoader,
    order: readonly number[],
    epoch: number,
    hooks: TrainerHooks,
    inputsOf: (batch: Batch) => Readonly<Record<string, Float32Array | Uint32Array>>,
  ): Promise<MetricsSum> {
    const sum = new MetricsSum(this.heads);
    const inFlight: Promise<void>[] = [];
    const validRows = new Uint32Array(1);
    const take = (values: StepValues, batch: number, images: number) => {
      this.checkLoss(values.loss ?? [], stage, epoch, batch);
      sum.add(values.loss ?? [], values.accuracy ?? [], images);
      hooks.onStep?.({ stage, epoch, images: sum.images, totalImages: order.length, loss: sum.loss });
    };
    try {
      for await (const batch of loader.epoch(order)) {
        validRows[0] = batch.valid;
        const { bytes, labels, index, valid } = batch;
        const { values } = await plan.submit({ bytes, labels, validRows, ...inputsOf(batch) });
        inFlight.push(values.then((arrived) => take(arrived, index, valid)));
        if (inFlight.length > 1) await inFlight.shift();
        if (hooks.signal?.aborted) break;
      }
    } finally {
      await Promise.allSettled(inFlight);
    }
    await Promise.all(inFlight);
    return sum;
  }

  private checkLoss(loss: ArrayLike<number>, stage: string, epoch: number, batch: number): void {
    for (let head = 0; head < loss.length; head++) {
      if (Number.isFinite(loss[head])) continue;
      throw new WeftError(
        `the ${stage} loss of ${this.heads[head]?.name} is ${loss[head]} in epoch ${epoch}, step ${batch + 1}. ` +
          "Use a smaller learning rate (--phases).",
      );
    }
  }

  /** A fresh optimizer: each phase starts with one, as the reference compiles anew. */
  private resetOptimizer(): void {
    for (const spec of this.step.optimizerVariables) {
      this.variables.clear(spec.name);
    }
  }

  /** The weights, by `layer/weight`, in the order of the layers. */
  readWeights(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    return this.variables.read(this.step.weights.map(({ name }) => name));
  }

  destroy(): void {
    this.trainingPlan.destroy();
    this.validationPlan.destroy();
    this.variables.destroy();
  }
}
