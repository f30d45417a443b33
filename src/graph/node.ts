// A node of the graph: an operator with attributes, applied to tensors. A rewrite tests for the operators that it
// handles with `isNode`, which also types their attributes.

import type { NodeTensors, Operator } from "./operator.ts";
import type { Tensor } from "./tensor.ts";

/**
 * The segments of a step, in order. A plan runs them all at once or one by one: between segments the host or another
 * device may work on the tensors that the graph hands out (`Graph.handOut`). A graph without gradients is all
 * `forwardBackward`.
 */
export const SEGMENTS = ["forwardBackward", "exchange", "update"] as const;
/** A part of a step, one of `SEGMENTS`. */
export type Segment = (typeof SEGMENTS)[number];

/** A node: an operator, its attributes, and its inputs and outputs by role. */
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

/** Whether a node is one of the given operators; narrows the type of its attributes. */
export function isNode<A extends object>(
  node: GraphNode | undefined,
  ...operators: readonly Operator<A>[]
): node is GraphNode<A> {
  return node !== undefined && operators.some((operator: object) => operator === node.operator);
}

/** Replaces some of a node's attributes. */
export function changeAttributes<A extends object>(node: GraphNode<A>, changes: Partial<A>): void {
  node.attrs = { ...node.attrs, ...changes };
}
