// A node of the graph: an operator with attributes, applied to tensors. A rewrite asks for the operators that it is about
// (`isNode`) and has their attributes then.

import type { NodeTensors, Operator } from "./operator.ts";
import type { Tensor } from "./tensor.ts";

/**
 * The parts of a step, in their order. A plan runs them at once or one by one: between them the host or another device
 * may work on what the graph hands out (`Graph.handOut`). A graph without gradients is all `forwardBackward`.
 */
export const SEGMENTS = ["forwardBackward", "exchange", "update"] as const;
export type Segment = (typeof SEGMENTS)[number];

export interface GraphNode<A extends object = object> extends NodeTensors<A> {
  readonly id: number;
  readonly name: string;
  readonly operator: Operator<A>;
  attrs: A;
  inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly segment: Segment;
  /** The block of the network that the node belongs to; see `Graph.inBlock`. */
  readonly block: string | undefined;
}

/** Whether a node is one of the given operators, whose attributes it has then. */
export function isNode<A extends object>(
  node: GraphNode | undefined,
  ...operators: readonly Operator<A>[]
): node is GraphNode<A> {
  return node !== undefined && operators.some((operator: object) => operator === node.operator);
}

/** Gives a node other values of some of its attributes. */
export function changeAttributes<A extends object>(node: GraphNode<A>, changes: Partial<A>): void {
  node.attrs = { ...node.attrs, ...changes };
}
