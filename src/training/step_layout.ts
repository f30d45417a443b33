// From layers to a step that is laid out: the graph is built, rewritten and planned in one place, for inference and for
// training. Nothing here needs a GPU.

import { WeftError } from "../base/errors.ts";
import type { DeviceFacts } from "../gpu/device.ts";
import { Graph, type Tensor } from "../graph/graph.ts";
import { layOutPlan, type PlanLayout } from "../graph/plan_layout.ts";
import type { WeightSpec } from "../nn/layer_scope.ts";
import { Layers } from "../nn/layers.ts";
import type { OptimizerConfig } from "../nn/optimizers.ts";
import { addTraining, type TrainingVariables } from "../nn/training.ts";
import { fuse, fuseForInference } from "../passes/passes.ts";
import type { Recompute } from "../passes/recompute.ts";

type Outputs = Readonly<Record<string, Tensor>>;

/** A laid-out inference step and the weights that it reads. */
export interface InferenceStep {
  readonly layout: PlanLayout;
  /** In the order of the layers. */
  readonly weights: readonly WeightSpec[];
}

/** A laid-out training step and the variables it works on. */
export interface TrainingStep extends TrainingVariables {
  readonly layout: PlanLayout;
}

/** Inputs that a training step has beside those of its definition: [2] u32 and [1]. */
export const SEED_INPUT = "seed";
export const RATE_INPUT = "learningRate";

/**
 * Lays out inference.
 * @param build adds the layers and names the outputs; inputs are added to `layers.graph`
 */
export function layOutInference(facts: DeviceFacts, build: (layers: Layers) => Outputs): InferenceStep {
  const graph = new Graph();
  const layers = new Layers(graph, { training: false });
  const outputs = build(layers);
  fuseForInference(graph, Object.values(outputs));
  return { layout: layOutPlan(graph, outputs, facts), weights: layers.weights };
}

/** A network in training. */
export interface TrainedDefinition<Inputs> {
  /** Adds the step's inputs, before there are layers. */
  readonly inputs: (graph: Graph) => Inputs;
  /** Adds the layers; one of the outputs is called `loss`. */
  readonly build: (layers: Layers, inputs: Inputs) => Outputs;
  readonly optimizer: OptimizerConfig;
  /** Momentum of all batch norms; each layer's own by default. */
  readonly batchNormMomentum?: number;
  /** The input that holds the number of valid rows. */
  readonly validRows?: (inputs: Inputs) => Tensor;
  readonly recompute?: Recompute | undefined;
}

/**
 * Lays out a training step: the definition's outputs, the gradients of the sum of `loss`, and the update of all trainable
 * weights. Beside the definition's own it has the inputs `seed` [2] u32 and `learningRate` [1], and in mixed precision the
 * output `lossScale` [2] as `addTraining` has it.
 * @throws WeftError where there is no output called `loss`
 */
export function layOutTrained<Inputs>(
  facts: DeviceFacts,
  definition: TrainedDefinition<Inputs>,
): TrainingStep {
  const { optimizer, batchNormMomentum, validRows, recompute } = definition;
  const graph = new Graph();
  const inputs = definition.inputs(graph);
  const dropoutSeed = graph.input(SEED_INPUT, [2], "u32");
  const learningRate = graph.input(RATE_INPUT, [1]);
  const layers = new Layers(graph, {
    training: true,
    dropoutSeed,
    ...(validRows && { validRows: validRows(inputs) }),
    ...(batchNormMomentum !== undefined && { batchNormMomentum }),
  });
  const outputs = definition.build(layers, inputs);
  const { loss } = outputs;
  if (!loss)
    throw new WeftError(`training needs an output "loss"; there is ${Object.keys(outputs).join(", ")}`);
  fuse(graph, Object.values(outputs));
  const { maxBindingBytes: maxArenaBytes } = facts;
  const variables = addTraining(layers, { loss, optimizer, learningRate, maxArenaBytes, recompute });
  const { lossScale } = variables;
  const all = lossScale ? { ...outputs, lossScale } : outputs;
  return { layout: layOutPlan(graph, all, facts), ...variables };
}
