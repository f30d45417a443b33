/**
 * The graph of a step, its gradients, and its plan, compiled once and replayed; what an operator is.
 *
 * @module weft/graph
 */

export type { DType, Shape, TensorType } from "../base/tensors.ts";
export {
  AttributeReader,
  type GivenAttributes,
  type Padding,
  type RawAttributes,
  type SidePadding,
} from "../graph/attributes.ts";
export { differentiate, type Seed } from "../graph/differentiate.ts";
export { type Assignment, Graph } from "../graph/graph.ts";
export { changeAttributes, type GraphNode, isNode, SEGMENTS, type Segment } from "../graph/node.ts";
export {
  type Cost,
  computeAgain,
  type DispatchRequest,
  defineOperator,
  type GradientContext,
  type GraphBuilder,
  type KernelTraits,
  type KernelUse,
  type Lowering,
  type NodeTensors,
  noAttributes,
  type Operator,
  type Parts,
  type RecomputeContext,
  type Rows,
  type TensorsByRole,
  type TypesByRole,
  typeOf,
} from "../graph/operator.ts";
export { type HostArray, Plan, type StepValues, type SubmitOptions } from "../graph/plan.ts";
export type { CompileOptions } from "../graph/plan_assembly.ts";
export { layOutPlan, type PlanLayout, type PlanStatistics } from "../graph/plan_layout.ts";
export type { Tensor, TensorKind } from "../graph/tensor.ts";
