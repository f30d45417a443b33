// Activation functions by Keras' names.

import type { Graph, Tensor } from "../graph/graph.ts";
import type { Operator } from "../graph/operator.ts";
import { hardSigmoid } from "../ops/hard_sigmoid.ts";
import { relu } from "../ops/relu.ts";
import { relu6 } from "../ops/relu6.ts";
import { sigmoid } from "../ops/sigmoid.ts";
import { softmax } from "../ops/softmax.ts";
import { swish } from "../ops/swish.ts";

const OPERATORS = { relu, relu6, sigmoid, swish, hard_sigmoid: hardSigmoid, softmax } as const;

/** Keras' names; `linear` does nothing. */
export type Activation = "linear" | keyof typeof OPERATORS;

/** Adds an activation. @param name of the node. */
export function activate(graph: Graph, x: Tensor, activation: Activation, name: string): Tensor {
  if (activation === "linear") return x;
  const operator: Operator = OPERATORS[activation];
  return graph.applyOne(operator, { x }, {}, name);
}
