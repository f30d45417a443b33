// The trainer: phases of epochs over a data set, each epoch followed by a validation, on one device.

import { WeftError } from "../base/errors.ts";
import { SLOWER } from "../base/remedies.ts";
import { augmentationTransform } from "../data/augmentation.ts";
import type { Batch, BatchLoader } from "../data/batches.ts";
import type { Split } from "../data/dataset.ts";
import { type OrderState, orderAfter, orderAtEpoch, remainingBatches } from "../data/order.ts";
import type { GpuDevice } from "../gpu/device.ts";
import type { VariableStore } from "../gpu/variables.ts";
import type { Plan } from "../graph/plan.ts";
import type { PlanLayout } from "../graph/plan_layout.ts";
import type { CountedHead } from "../models/heads.ts";
import { initialValues } from "../nn/initializers.ts";
import { runBatches } from "./batch_run.ts";
import { CompiledStep, type PipelineHook } from "./compiled_step.ts";
import { DivergenceError } from "./divergence.ts";
import { FiniteWatch, findNonFinite } from "./finite_check.ts";
import { Predictor } from "./inference.ts";
import { MetricsSum } from "./metrics.ts";
import type { TrainingStepConfig } from "./network.ts";
import { LossScaleWatch, requirePrecision } from "./precision.ts";
import { type Phase, totalEpochs } from "./schedule.ts";
import type { TrainingStep } from "./step_layout.ts";
import { layOutTraining, type TrainingLayout } from "./training_layout.ts";
import type { StepProgress, TrainerHooks } from "./training_progress.ts";

export type { EpochReport, StepProgress, TrainerHooks } from "./training_progress.ts";

/** A training: its step, its phases, and the seed of first weights, order, augmentation and dropout. */
export interface TrainerConfig extends TrainingStepConfig {
  readonly phases: readonly Phase[];
  readonly seed: number;
}

/** Where a training stands. With the variables it is all that the rest of the training depends on. */
export interface TrainingPosition {
  readonly order: OrderState;
  /** Steps done, over all epochs. */
  readonly steps: number;
}

/** How the steps of a training are compiled. */
export interface TrainerOptions {
  /** The steps where they are laid out already, for the same configuration. */
  readonly layout?: TrainingLayout;
  /** Called as pipelines become ready. */
  readonly onPipelines?: PipelineHook;
}

/** Whether a training ran to its end. */
export type TrainingEnd = "finished" | "interrupted";

/** An epoch of a plan over batches. */
interface EpochRun {
  readonly plan: Plan;
  readonly stage: StepProgress["stage"];
  readonly epoch: number;
  readonly batches: AsyncIterable<Batch>;
  readonly totalImages: number;
  readonly inputsOf?: (batch: Batch) => Readonly<Record<string, Float32Array | Uint32Array>>;
  /** Called when a batch's step is on the queue. */
  readonly submitted?: (batch: Batch) => void;
}

/** The steps of a training, over the variables of the first. */
interface CompiledTraining {
  readonly training: CompiledStep;
  readonly validation: CompiledStep;
  readonly watch: FiniteWatch;
}

/** Trains a multi-task classifier epoch by epoch. It owns the device's buffers for it until `destroy`. */
export class Trainer {
  private steps = 0;
  private order: OrderState | undefined;
  private lossScale = new LossScaleWatch();

  private constructor(
    readonly config: TrainerConfig,
    readonly step: TrainingStep,
    private readonly heads: readonly CountedHead[],
    private readonly compiled: CompiledTraining,
  ) {}

  /** All weights and the optimizer's state. */
  get variables(): VariableStore {
    return this.compiled.training.variables;
  }

  /**
   * Compiles the steps and draws the weights.
   * @param weights values that replace the drawn ones, by `layer/weight`.
   */
  static async create(
    device: GpuDevice,
    config: TrainerConfig,
    heads: readonly CountedHead[],
    weights: ReadonlyMap<string, Float32Array>,
    { layout = layOutTraining(config, device.facts), onPipelines }: TrainerOptions = {},
  ): Promise<Trainer> {
    requirePrecision(config.precision, device);
    const step = layout.training;
    const total = layout.layouts.reduce((sum, { statistics }) => sum + statistics.pipelines, 0);
    let before = 0;
    const countFor = ({ statistics }: PlanLayout): PipelineHook => {
      const start = before;
      before += statistics.pipelines;
      return (done) => onPipelines?.(start + done, total);
    };
    const training = await CompiledStep.compile(device, step, {
      valuesOf: (spec) => weights.get(spec.name) ?? initialValues(spec, config.seed),
      onPipelines: countFor(step.layout),
    });
    const made: { destroy(): void }[] = [];
    try {
      const { layout: validating } = layout.validation;
      const validation = await training.beside(validating, countFor(validating));
      made.push(validation);
      const { finiteCheck } = layout;
      const watch = await FiniteWatch.beside(training, finiteCheck, countFor(finiteCheck.layout));
      return new Trainer(config, step, heads, { training, validation, watch });
    } catch (thrown) {
      for (const part of [...made, training]) part.destroy();
      throw thrown;
    }
  }

  /**
   * Trains all phases.
   * @param loader delivers batches of `batchSize` images.
   * @param from where an interrupted training stood (`position`), the variables being as it left them; the report of that
   *   epoch is of the images that were left.
   * @throws WeftError where a loss is not finite, naming epoch, step and head; where a weight, a moving statistic or
   *   a moment is not, naming the tensor and the steps.
   */
  async train(
    loader: BatchLoader,
    split: Split,
    hooks: TrainerHooks,
    from?: TrainingPosition,
  ): Promise<TrainingEnd> {
    const { seed, phases } = this.config;
    const epochs = totalEpochs(phases);
    if (from) this.steps = from.steps;
    let epoch = 0;
    for (const phase of phases) {
      for (let i = 0; i < phase.epochs; i++) {
        epoch++;
        if (from && epoch < from.order.epoch) continue;
        const order = epoch === from?.order.epoch ? from.order : orderAtEpoch(loader, seed, epoch);
        if (i === 0 && order.batches === 0) this.resetOptimizer();
        const started = hooks.now();
        this.lossScale = new LossScaleWatch();
        const train = await this.trainEpoch(loader, split, order, phase.learningRate, hooks);
        if (train.images === 0 && order.position === 0 && !hooks.signal?.aborted) {
          throw new WeftError(
            "no training image is left: all are bad. Is the folder of the images complete?",
          );
        }
        await this.checkFinite();
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
          ...(this.lossScale.report && { lossScale: this.lossScale.report }),
        });
      }
    }
    return "finished";
  }

  private trainEpoch(
    loader: BatchLoader,
    split: Split,
    start: OrderState,
    learningRate: number,
    hooks: TrainerHooks,
  ): Promise<MetricsSum> {
    const { augment, batchSize, size } = this.config;
    const { seed, epoch } = start;
    const transform = new Float32Array(batchSize * 6);
    const rate = new Float32Array([learningRate]);
    this.order = start;
    return this.runEpoch(hooks, {
      plan: this.compiled.training.plan,
      stage: "train",
      epoch,
      batches: remainingBatches(loader, split.training, start),
      totalImages: split.training.length - start.position,
      inputsOf: (batch) => {
        const inputs = { learningRate: rate, seed: new Uint32Array([seed, this.steps + 1]) };
        if (!augment) return inputs;
        batch.indices.forEach((image, row) => {
          transform.set(augmentationTransform(seed, epoch, image, size, size), 6 * row);
        });
        return { ...inputs, transform };
      },
      submitted: (batch) => {
        this.steps++;
        this.order = orderAfter(loader, start, batch);
      },
    });
  }

  private validate(
    loader: BatchLoader,
    images: readonly number[],
    epoch: number,
    hooks: TrainerHooks,
  ): Promise<MetricsSum> {
    const { plan } = this.compiled.validation;
    const batches = loader.epoch(images);
    return this.runEpoch(hooks, { plan, stage: "validation", epoch, batches, totalImages: images.length });
  }

  /** Runs a plan over images and adds up what the steps report. */
  private async runEpoch(hooks: TrainerHooks, run: EpochRun): Promise<MetricsSum> {
    const { plan, stage, epoch, totalImages } = run;
    const sum = new MetricsSum(this.heads);
    await runBatches(plan, run.batches, {
      ...(run.inputsOf && { inputsOf: run.inputsOf }),
      signal: hooks.signal,
      submitted: (batch) => {
        run.submitted?.(batch);
        this.compiled.watch.afterStep(this.steps);
      },
      take: (values, { index, valid }) => {
        this.checkLoss(values.loss ?? [], stage, epoch, index);
        this.lossScale.take(values.lossScale, `in epoch ${epoch}, step ${index + 1}`);
        sum.add(values.loss ?? [], values.accuracy ?? [], valid);
        hooks.onStep?.({ stage, epoch, images: sum.images, totalImages, loss: sum.loss });
      },
    });
    return sum;
  }

  /**
   * Where the training stands: what the variables hold once `train` has ended, interrupted or not. While it runs, steps
   * are under way. Undefined before.
   */
  get position(): TrainingPosition | undefined {
    return this.order && { order: this.order, steps: this.steps };
  }

  private checkLoss(loss: ArrayLike<number>, stage: string, epoch: number, batch: number): void {
    for (let head = 0; head < loss.length; head++) {
      if (Number.isFinite(loss[head])) continue;
      throw new DivergenceError(
        `the ${stage} loss of ${this.heads[head]?.name} is ${loss[head]} in epoch ${epoch}, step ${batch + 1}`,
        { remedy: SLOWER },
      );
    }
  }

  /** A fresh optimizer: each phase starts with one, as the reference compiles anew. */
  private resetOptimizer(): void {
    for (const spec of this.step.optimizerVariables) {
      this.variables.clear(spec.name);
    }
  }

  /** @throws WeftError where a weight, a moving statistic or a moment is not finite, naming it and the steps. */
  checkFinite(): Promise<void> {
    return this.compiled.watch.checkNow(this.steps);
  }

  /**
   * The weights, by `layer/weight`, in the order of the layers.
   * @throws WeftError where one is not finite: such weights are never to replace good ones.
   */
  async readWeights(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    const weights = await this.compiled.training.readWeights();
    const fault = findNonFinite(weights);
    if (fault === undefined) return weights;
    throw new DivergenceError(`${fault} after step ${this.steps}`, { remedy: SLOWER });
  }

  /** The network as it is now, which predicts until the trainer is destroyed. */
  predictor(): Predictor {
    return new Predictor(this.config, this.config.batchSize, this.compiled.validation);
  }

  /** Frees what only training needs. */
  endTraining(): void {
    this.compiled.training.plan.destroy();
    this.compiled.watch.destroy();
  }

  destroy(): void {
    const { training, validation, watch } = this.compiled;
    validation.destroy();
    watch.destroy();
    training.destroy();
  }
}
