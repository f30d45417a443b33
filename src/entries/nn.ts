/**
 * Layers named and parameterised as in Keras, the first values of their weights, optimizers.
 *
 * @module weft/nn
 */

export type { Activation } from "../nn/activations.ts";
export { type Initializer, initialValues } from "../nn/initializers.ts";
export { type LayerNode, layerGraph } from "../nn/layer_graph.ts";
export type {
  KerasConfig,
  LayerRecord,
  LayersOptions,
  Named,
  PairOrNumber,
  WeightSpec,
  Window,
} from "../nn/layer_scope.ts";
export { Layers } from "../nn/layers.ts";
export { PRECISIONS, type Precision } from "../nn/mixed_precision.ts";
export {
  applyOptimizer,
  type OptimizerConfig,
  optimizerVariables,
  type UpdateInputs,
} from "../nn/optimizers.ts";
export { countParameters, type ParameterCounts } from "../nn/parameters.ts";
export {
  addTraining,
  declareVariables,
  type TrainingGoal,
  type TrainingVariables,
  trainingVariableBytes,
} from "../nn/training.ts";
