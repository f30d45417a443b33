// The trainer: phases of epochs over a data set, each epoch followed by a validation, on one device.

import { WeftError } from "../base/errors.ts";
import { augmentationTransform } from "../data/augmentation.ts";
import type { Batch, BatchLoader } from "../data/batches.ts";
import type { Split } from "../data/dataset.ts";
import { type OrderState, orderAfter, orderAtEpoch, remainingBatches } from "../data/order.ts";
import type { CountedHead } from "../formats/label_csv.ts";
import type { GpuDevice } from "../gpu/device.ts";
import { VariableStore } from "../gpu/variables.ts";
import { Plan } from "../graph/plan.ts";
import type { PlanLayout } from "../graph/plan_layout.ts";
import { initialValues } from "../nn/initializers.ts";
import { declareVariables } from "../nn/training.ts";
import { runBatches } from "./batch_run.ts";
import { DivergenceError } from "./divergence.ts";
import { FiniteWatch, findNonFinite } from "./finite_check.ts";
import { MetricsSum } from "./metrics.ts";
import type { TrainingStep, TrainingStepConfig } from "./network.ts";
import { LossScaleWatch, requirePrecision } from "./precision.ts";
import { type Phase, totalEpochs } from "./schedule.ts";
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
  readonly onPipelines?: (done: number, total: number) => void;
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

/** Trains a multi-task classifier epoch by epoch. It owns the device's buffers for it until `destroy`. */
export class Trainer {
  private steps = 0;
  private order: OrderState | undefined;
  private lossScale = new LossScaleWatch();

  private constructor(
    readonly config: TrainerConfig,
    readonly step: TrainingStep,
    /** All weights and the optimizer's state. */
    readonly variables: VariableStore,
    private readonly trainingPlan: Plan,
    private readonly validationPlan: Plan,
    private readonly watch: FiniteWatch,
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
    { layout = layOutTraining(config, device.facts), onPipelines }: TrainerOptions = {},
  ): Promise<Trainer> {
    requirePrecision(config.precision, device);
    const step = layout.training;
    const total = layout.layouts.reduce((sum, { statistics }) => sum + statistics.pipelines, 0);
    let before = 0;
    const onPipeline = (done: number) => onPipelines?.(before + done, total);
    return VariableStore.with(device, async (variables) => {
      declareVariables(variables, step);
      for (const spec of step.weights) {
        variables.write(spec.name, weights.get(spec.name) ?? initialValues(spec, config.seed));
      }
      const made: { destroy(): void }[] = [];
      const keep = <T extends { destroy(): void }>(part: T, { statistics }: PlanLayout): T => {
        made.push(part);
        before += statistics.pipelines;
        return part;
      };
      try {
        const { validation, finiteCheck } = layout;
        const compile = async (plan: PlanLayout) =>
          keep(await Plan.compile(device, plan, variables, { onPipeline }), plan);
        const [training, validating] = [await compile(step.layout), await compile(validation.layout)];
        const watching = await FiniteWatch.create(device, finiteCheck, variables, { onPipeline });
        const watch = keep(watching, finiteCheck.layout);
        return new Trainer(config, step, variables, training, validating, watch, heads);
      } catch (thrown) {
        for (const part of made) part.destroy();
        throw thrown;
      }
    });
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
      plan: this.trainingPlan,
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
    const plan = this.validationPlan;
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
        this.watch.afterStep(this.steps);
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

  /** @throws WeftError where a weight, a moving statistic or a moment is not finite, naming it and the steps. */
  checkFinite(): Promise<void> {
    return this.watch.checkNow(this.steps);
  }

  /**
   * The weights, by `layer/weight`, in the order of the layers.
   * @throws WeftError where one is not finite: such weights are never to replace good ones.
   */
  async readWeights(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    const weights = await this.variables.read(this.step.weights.map(({ name }) => name));
    const fault = findNonFinite(weights);
    if (fault === undefined) return weights;
    throw new DivergenceError(`${fault} after step ${this.steps}. Use a smaller learning rate (--phases).`);
  }

  destroy(): void {
    this.trainingPlan.destroy();
    this.validationPlan.destroy();
    this.watch.destroy();
    this.variables.destroy();
  }
}
