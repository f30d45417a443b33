// Activation functions by Keras' names.

import type { Graph, Tensor } from "../graph/graph.ts";
import type { Operator } from "../graph/operator.ts";
import { gelu, hardSigmoid, relu, relu6, sigmoid, swish } from "../ops/elementwise/activations.ts";
import { softmax } from "../ops/loss/softmax.ts";

const OPERATORS = { relu, relu6, sigmoid, swish, gelu, hard_sigmoid: hardSigmoid, softmax } as const;

/** Keras' names; `linear` does nothing. */
export type Activation = "linear" | keyof typeof OPERATORS;

/** Adds an activation. @param name of the node. */
export function activate(graph: Graph, x: Tensor, activation: Activation, name: string): Tensor {
  if (activation === "linear") return x;
  const operator: Operator = OPERATORS[activation];
  return graph.applyOne(operator, { x }, {}, name);
}
