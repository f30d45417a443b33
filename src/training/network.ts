// The graphs of a run: the training step and the inference step of backbone and heads, over the same
// weights.

import type { DeviceFacts } from "../gpu/device.ts";
import { Graph, type Tensor } from "../graph/graph.ts";
import type { Backbone } from "../models/backbone.ts";
import type { Head } from "../models/heads.ts";
import { headProbabilities, joinLogits, multiTaskHeads, multiTaskLoss } from "../models/multi_task.ts";
import type { WeightSpec } from "../nn/layer_scope.ts";
import { Layers } from "../nn/layers.ts";
import type { Precision } from "../nn/mixed_precision.ts";
import type { OptimizerConfig } from "../nn/optimizers.ts";
import { preprocess } from "../ops/image/preprocess.ts";
import { castTo } from "../ops/mixed_precision/cast.ts";
import type { Recompute } from "../passes/recompute.ts";
import { type InferenceStep, layOutInference, layOutTrained, type TrainingStep } from "./step_layout.ts";

/** What the network of a run is. */
export interface NetworkConfig {
  readonly backbone: Backbone;
  /** Width multiplier, for backbones that have one. */
  readonly alpha: number | undefined;
  /** Width and height of the images, in pixels. */
  readonly size: number;
  readonly heads: readonly Head[];
  /** See `BackboneConfig`; the loaded weights decide. */
  readonly imagenetRescaling?: boolean;
}

/** All that decides what a training step computes. */
export interface TrainingStepConfig extends NetworkConfig {
  readonly batchSize: number;
  readonly dropout: number;
  readonly batchNormMomentum: number;
  readonly augment: boolean;
  /** Trains the heads alone, the backbone's batch norms in inference mode. */
  readonly freezeBackbone: boolean;
  readonly optimizer: OptimizerConfig;
  /** What the backward pass computes again instead of keeping it; nothing by default. */
  readonly recompute?: Recompute | undefined;
  /** What the step computes in; f32 by default. */
  readonly precision?: Precision;
}

function backboneFeatures(layers: Layers, config: NetworkConfig, image: Tensor): Tensor {
  const { backbone, alpha, imagenetRescaling = false } = config;
  return backbone.build(layers, image, {
    includeTop: false,
    pooling: "avg",
    imagenetRescaling,
    ...(alpha !== undefined && { alpha }),
  });
}

/** A network as the weights want it. @param weights by `layer/weight`. */
export function suitedTo<T extends Pick<NetworkConfig, "backbone">>(
  network: T,
  weights: ReadonlyMap<string, ArrayLike<number>>,
): T & Pick<NetworkConfig, "imagenetRescaling"> {
  const { backbone } = network;
  if (!backbone.wantsImagenetRescaling) return network;
  return { ...network, imagenetRescaling: backbone.wantsImagenetRescaling(weights) };
}

/** What a network is called in messages: `MobileNetV2 (alpha 0.35)`. */
export function networkName({ backbone, alpha }: Pick<NetworkConfig, "backbone" | "alpha">): string {
  return backbone.hasAlpha ? `${backbone.name} (alpha ${alpha ?? 1})` : backbone.name;
}

/** The weights of a network without a GPU: the backbone's and the heads', in the order of creation. */
export function networkWeights(config: NetworkConfig): {
  readonly backbone: readonly WeightSpec[];
  readonly heads: readonly WeightSpec[];
} {
  const graph = new Graph();
  const layers = new Layers(graph, { training: false });
  const image = graph.input("image", [1, config.size, config.size, 3]);
  const features = backboneFeatures(layers, config, image);
  const ofBackbone = layers.weights.length;
  multiTaskHeads(layers, features, config.heads, 0);
  return { backbone: layers.weights.slice(0, ofBackbone), heads: layers.weights.slice(ofBackbone) };
}

const labelWidth = (heads: readonly Head[]) => heads.reduce((sum, { classes }) => sum + classes, 0);

/**
 * Lays out a training step. Its inputs: `bytes` [N,size,size,3] u8, `transform` [N,6] with augmentation,
 * `labels` [N, classes] one-hot, `validRows` [1], `seed` [2], `learningRate` [1]. Its outputs: `loss`
 * [heads] and `accuracy` [2 · heads]; in mixed precision `lossScale` [2] as `addTraining` has it.
 */
export function layOutTrainingStep(config: TrainingStepConfig, facts: DeviceFacts): TrainingStep {
  const { batchSize, size, heads } = config;
  return layOutTrained(facts, {
    optimizer: config.optimizer,
    batchNormMomentum: config.batchNormMomentum,
    recompute: config.recompute,
    inputs: (graph) => ({
      bytes: graph.input("bytes", [batchSize, size, size, 3], "u8"),
      transform: config.augment ? graph.input("transform", [batchSize, 6]) : undefined,
      labels: graph.input("labels", [batchSize, labelWidth(heads)]),
      validRows: graph.input("validRows", [1], "u32"),
    }),
    validRows: ({ validRows }) => validRows,
    build: (layers, { bytes, transform, labels, validRows }) => {
      const { graph } = layers;
      const mode = config.backbone.preprocessing;
      const dtype = config.precision === "mixed" ? "f16" : "f32";
      const attrs = { mode, augment: config.augment, dtype } as const;
      const image = graph.applyOne(preprocess, { bytes, transform }, attrs, "image");
      const addBackbone = () => backboneFeatures(layers, config, image);
      const ofBackbone = config.freezeBackbone ? layers.freezing(addBackbone) : addBackbone();
      const features = castTo(graph, ofBackbone, "f32", "features");
      const logits = joinLogits(graph, multiTaskHeads(layers, features, heads, config.dropout));
      const { loss, accuracy } = multiTaskLoss(graph, logits, labels, heads, validRows);
      return { loss, accuracy };
    },
  });
}

/**
 * Lays out an inference step with a loss. Its inputs: `bytes` [N,size,size,3] u8, `labels`, `validRows`.
 * Its outputs: `loss` [heads], `accuracy` [2 · heads], and the probabilities of each head under its name
 * with the prefix `probabilities/`, [N, classes].
 */
export function layOutInferenceStep(
  config: NetworkConfig,
  batchSize: number,
  facts: DeviceFacts,
): InferenceStep {
  const { size, heads } = config;
  return layOutInference(facts, (layers) => {
    const { graph } = layers;
    const bytes = graph.input("bytes", [batchSize, size, size, 3], "u8");
    const labels = graph.input("labels", [batchSize, labelWidth(heads)]);
    const validRows = graph.input("validRows", [1], "u32");
    const image = graph.applyOne(preprocess, { bytes }, { mode: config.backbone.preprocessing }, "image");
    const logits = multiTaskHeads(layers, backboneFeatures(layers, config, image), heads, 0);
    const { loss, accuracy } = multiTaskLoss(graph, joinLogits(graph, logits), labels, heads, validRows);
    const outputs: Record<string, Tensor> = { loss, accuracy };
    for (const [i, tensor] of headProbabilities(graph, logits, heads).entries()) {
      outputs[`probabilities/${heads[i]?.name}`] = tensor;
    }
    return outputs;
  });
}
