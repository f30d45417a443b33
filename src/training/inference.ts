// Prediction: a network and its heads compiled for inference, run over the images of a data set.

import { byteSize } from "../base/tensors.ts";
import type { Batch, BatchLoader } from "../data/batches.ts";
import type { GpuDevice } from "../gpu/device.ts";
import type { CountedHead } from "../models/heads.ts";
import { runBatches } from "./batch_run.ts";
import { CompiledStep, exactValues, type PipelineHook } from "./compiled_step.ts";
import { requireFiniteOutput } from "./divergence.ts";
import { layOutFitting } from "./memory_fit.ts";
import { MetricsSum, type SetMetrics } from "./metrics.ts";
import { layOutInferenceStep, type NetworkConfig, networkName } from "./network.ts";

/** How a predictor is compiled. */
export interface PredictorOptions {
  readonly batchSize: number;
  /** Called as pipelines become ready. */
  readonly onPipelines?: PipelineHook;
  /** Bytes for all buffers together, where more cannot be had. */
  readonly budgetBytes?: number | undefined;
}

/** What `predict` reports as it goes. */
export interface PredictionHooks {
  /** Images done so far. */
  readonly onImages?: (done: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Class probabilities of one image, an array a head in the network's order. */
export type ImageProbabilities = readonly Float32Array[];

/** A network with heads, ready to predict; made by `Predictor.create`. It holds memory of the device until `destroy`. */
export class Predictor {
  /**
   * @param compiled the inference step of the network, as `layOutInferenceStep` lays it out, for batches of this size;
   *   it goes with the predictor
   */
  constructor(
    readonly network: NetworkConfig,
    readonly batchSize: number,
    private readonly compiled: CompiledStep,
  ) {}

  /**
   * Compiles the inference step.
   * @param weights every weight of backbone and heads, by `layer/weight`
   * @throws WeftError where a weight is missing or the batch does not fit
   */
  static async create(
    device: GpuDevice,
    network: NetworkConfig,
    weights: ReadonlyMap<string, Float32Array>,
    { batchSize, onPipelines, budgetBytes }: PredictorOptions,
  ): Promise<Predictor> {
    const layOut = (size: number) => {
      const step = layOutInferenceStep(network, size, device.facts);
      const { planBytes } = step.layout.statistics;
      const weightBytes = step.weights.reduce((sum, spec) => sum + Math.max(16, byteSize(spec)), 0);
      return { step, layouts: [step.layout], totalBytes: planBytes + weightBytes };
    };
    const { step } = layOutFitting(batchSize, layOut, { facts: device.facts, budgetBytes });
    const valuesOf = exactValues(weights, networkName(network));
    const compiled = await CompiledStep.compile(device, step, { valuesOf, onPipelines });
    return new Predictor(network, batchSize, compiled);
  }

  /**
   * Predicts images of a data set.
   * @param loader delivers batches of `batchSize`
   * @param images their indices in the data set
   * @returns by image index; images that the loader left out as bad have no entry
   */
  async predict(
    loader: BatchLoader,
    images: readonly number[],
    hooks: PredictionHooks = {},
  ): Promise<Map<number, ImageProbabilities>> {
    const results = new Map<number, ImageProbabilities>();
    const keep = (image: number, probabilities: ImageProbabilities) => void results.set(image, probabilities);
    await this.predictEach(loader, images, keep, hooks);
    return results;
  }

  /**
   * Predicts images of a data set and hands out each as it comes, in their order: nothing is kept.
   * @param take is called with the image's index; what it throws ends the prediction
   */
  async predictEach(
    loader: BatchLoader,
    images: readonly number[],
    take: (image: number, probabilities: ImageProbabilities) => void,
    { onImages, signal }: PredictionHooks = {},
  ): Promise<void> {
    const { heads } = this.network;
    let done = 0;
    await runBatches(this.compiled.plan, loader.epoch(images, { signal }), {
      signal,
      take: (values, { indices }) => {
        for (const [row, image] of indices.entries()) {
          const ofHead = ({ name, classes }: { name: string; classes: number }) => {
            const probabilities = rowOf(values[`probabilities/${name}`], row, classes);
            requireFiniteOutput(probabilities, name);
            return probabilities;
          };
          take(image, heads.map(ofHead));
        }
        done += indices.length;
        onImages?.(done);
      },
    });
  }

  /**
   * Losses and accuracies over labelled images.
   * @param heads the network's, with the rows that weight the mean accuracy
   */
  async evaluate(
    batches: AsyncIterable<Batch>,
    heads: readonly CountedHead[],
    { onImages, signal }: PredictionHooks = {},
  ): Promise<EvaluationResult> {
    const sum = new MetricsSum(heads);
    await runBatches(this.compiled.plan, batches, {
      signal,
      take: (values, { valid }) => {
        for (const [head, { name }] of heads.entries())
          requireFiniteOutput([values.loss?.[head] ?? 0], `the loss of ${name}`);
        sum.add(values.loss ?? [], values.accuracy ?? [], valid);
        onImages?.(sum.images);
      },
    });
    return { images: sum.images, labelledRows: sum.labelledRows, metrics: sum.finish() };
  }

  destroy(): void {
    this.compiled.destroy();
  }
}

/** What an evaluation found. */
export interface EvaluationResult {
  readonly images: number;
  /** Labelled images by attribute. */
  readonly labelledRows: Readonly<Record<string, number>>;
  readonly metrics: SetMetrics;
}

function rowOf(values: Float32Array | undefined, row: number, width: number): Float32Array {
  if (!values) throw new Error("the inference step lacks the probabilities of a head");
  return values.slice(row * width, (row + 1) * width);
}
