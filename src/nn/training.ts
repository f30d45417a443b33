// Builds a training step from a loss: the gradients of all trainable weights, laid out like their arenas, and the
// optimizer's update; and the variables of such a step.

import { elementCount } from "../base/tensors.ts";
import {
  type Arena,
  layOutArenas,
  type VariableSpec,
  type VariableStore,
  variableBytes,
} from "../gpu/variables.ts";
import { differentiate } from "../graph/differentiate.ts";
import type { Graph, Tensor } from "../graph/graph.ts";
import { sumOf } from "../ops/elementwise/sum.ts";
import { rewriteDifferentiated } from "../passes/passes.ts";
import type { Recompute } from "../passes/recompute.ts";
import type { WeightSpec } from "./layer_scope.ts";
import type { Layers } from "./layers.ts";
import {
  holdsF16,
  lossScaleVariables,
  NARROW_ALIGNMENT,
  revertSkippedSteps,
  scaledLossGradient,
} from "./mixed_precision.ts";
import { applyOptimizer, momentArenas, type OptimizerConfig, optimizerVariables } from "./optimizers.ts";

/** What a training step keeps between steps. */
export interface TrainingVariables {
  /** In the order of the layers. */
  readonly weights: readonly WeightSpec[];
  /** Trainable weights, side by side. */
  readonly trainableArenas: readonly Arena[];
  /** Weights that gradients do not update: moving averages and frozen weights. */
  readonly fixedArenas: readonly Arena[];
  readonly optimizerVariables: readonly VariableSpec[];
  /** The variables that hold moments of trainable weights, laid out like their arenas. */
  readonly momentArenas: readonly Arena[];
  /** For a graph that computes in f16: [2], 0 if the step was skipped for an infinite gradient, and the scale. */
  readonly lossScale: Tensor | undefined;
}

/** What is to be minimised, and how. */
export interface TrainingGoal {
  readonly loss: Tensor;
  readonly optimizer: OptimizerConfig;
  /** [1]. */
  readonly learningRate: Tensor;
  /** What the device binds at the most. */
  readonly maxArenaBytes: number;
  /** What the backward pass computes again instead of keeping it; nothing by default. */
  readonly recompute?: Recompute | undefined;
}

/**
 * Adds the gradients of the sum of `loss` and the update of the layers' trainable weights to the layers' graph. Call it
 * when that is complete and fused. If it computes in f16, the loss is scaled and the weights' casts become one per
 * arena.
 */
export function addTraining(
  layers: Layers,
  { loss, optimizer, learningRate, maxArenaBytes, recompute = "nothing" }: TrainingGoal,
): TrainingVariables {
  const { graph } = layers;
  const trainable = layers.weights.filter((weight) => weight.trainable);
  const fixed = layers.weights.filter((weight) => !weight.trainable);
  const isMixed = holdsF16(graph);
  const alignment = isMixed ? NARROW_ALIGNMENT : undefined;
  const trainableArenas = layOutArenas("trainable", trainable, maxArenaBytes, alignment);
  const fixedArenas = layOutArenas("fixed", fixed, maxArenaBytes, alignment);
  const targets = trainable.map(({ name, shape }) => graph.variable(name, shape));
  const forwardCount = graph.nodes.length;
  const gradient = isMixed ? scaledLossGradient(graph, elementCount(loss.shape)) : gradientOfOne(graph, loss);
  const gradients = differentiate(graph, [{ tensor: loss, gradient }], targets, sumOf);
  const arenas = [...trainableArenas, ...fixedArenas];
  rewriteDifferentiated(graph, { forwardCount, recomputed: recompute, arenas });
  const byName = new Map([...gradients].map(([target, tensor]) => [target.name, tensor]));
  const lossScale = applyOptimizer(graph, optimizer, {
    arenas: trainableArenas,
    gradients: byName,
    learningRate,
    isScaled: isMixed,
  });
  if (lossScale) revertSkippedSteps(graph, fixedArenas, lossScale);
  return {
    weights: layers.weights,
    trainableArenas,
    fixedArenas,
    momentArenas: momentArenas(optimizer, trainableArenas),
    optimizerVariables: [
      ...optimizerVariables(optimizer, trainableArenas),
      ...(isMixed ? lossScaleVariables : []),
    ],
    lossScale,
  };
}

function gradientOfOne(graph: Graph, loss: Tensor): Tensor {
  const ones = Array.from({ length: elementCount(loss.shape) }, () => 1);
  return graph.constant("loss gradient", loss.shape, ones);
}

/** Creates the variables in a store; all of them are zero. */
export function declareVariables(store: VariableStore, variables: TrainingVariables): void {
  const { weights, trainableArenas, fixedArenas } = variables;
  store.declareArenas([...trainableArenas, ...fixedArenas], weights);
  for (const spec of variables.optimizerVariables) store.declare(spec);
}

/** Bytes of the weights and of the optimizer's state, exactly as `declareVariables` allocates them. */
export function trainingVariableBytes(variables: TrainingVariables): { weights: number; optimizer: number } {
  return {
    weights: variableBytes([...variables.trainableArenas, ...variables.fixedArenas], []),
    optimizer: variableBytes([], variables.optimizerVariables),
  };
}
