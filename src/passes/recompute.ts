// Recomputation: values that the backward pass reads are computed again instead of being kept since the forward pass.
// It trades computation for memory (Chen et al. 2016, "Training deep nets with sublinear memory cost").

import { byteSize } from "../base/tensors.ts";
import type { Graph, Tensor } from "../graph/graph.ts";
import type { GraphNode } from "../graph/node.ts";

/**
 * What is recomputed. `none`: nothing. `cheap`: values that one pass over memory makes from values that are kept
 * anyway. `blocks`: in addition, everything inside the network's blocks; only the blocks' inputs are kept.
 */
export const RECOMPUTE_CHOICES = ["nothing", "cheap", "blocks"] as const;
/** What the backward pass computes again instead of keeping it, one of `RECOMPUTE_CHOICES`. */
export type Recompute = (typeof RECOMPUTE_CHOICES)[number];

/** Smaller values are kept: statistics, pooled features, logits. */
const SMALL_BYTES = 65536;

/**
 * Rewires the backward nodes of a differentiated graph so that they read recomputed values.
 * @param forwardCount how many of the graph's nodes are the forward pass.
 */
export function recompute(graph: Graph, forwardCount: number, choice: Recompute): void {
  if (choice === "nothing") return;
  const forward = graph.nodes.slice(0, forwardCount);
  const backward = graph.nodes.slice(forwardCount);
  const dropped = choice === "cheap" ? cheapValues(forward, backward) : valuesInBlocks(forward);
  const again = new Map<Tensor, Tensor>();
  const resolve = (tensor: Tensor): Tensor => {
    const maker = graph.makerOf(tensor);
    if (!maker || !dropped.has(tensor)) return tensor;
    const known = again.get(tensor);
    if (known) return known;
    const computed = computedAgain(graph, maker, tensor, resolve);
    again.set(tensor, computed);
    return computed;
  };
  for (const node of backward) {
    graph.addBefore(node, () =>
      graph.inSegment(node.segment, () => {
        const inputs = Object.entries(node.inputs).map(([role, tensor]) => [role, resolve(tensor)]);
        node.inputs = Object.fromEntries(inputs);
      }),
    );
  }
}

function computedAgain(
  graph: Graph,
  node: GraphNode,
  tensor: Tensor,
  resolve: (tensor: Tensor) => Tensor,
): Tensor {
  const required = (found: Tensor | undefined): Tensor => {
    if (!found) throw new Error(`${node.name} lacks a tensor to be computed again from`);
    return found;
  };
  const repeat = () => {
    const role = Object.keys(node.outputs).find((name) => node.outputs[name] === tensor) ?? "y";
    const inputs = Object.entries(node.inputs).map(([name, input]) => [name, resolve(input)]);
    return required(graph.repeat(node, Object.fromEntries(inputs)).outputs[role]);
  };
  if (!node.operator.recompute) return repeat();
  return node.operator.recompute({
    graph,
    attrs: node.attrs,
    input: (name) => resolve(required(node.inputs[name])),
    output: (name) => required(node.outputs[name]),
    repeat,
  });
}

const isKept = (tensor: Tensor) => tensor.kind !== "value" || byteSize(tensor) <= SMALL_BYTES;

function readBy(nodes: readonly GraphNode[]): Set<Tensor> {
  return new Set(nodes.flatMap(({ inputs }) => Object.values(inputs)));
}

/** Values that cheap operators make from small values and from values that the backward pass reads anyway. */
function cheapValues(forward: readonly GraphNode[], backward: readonly GraphNode[]): Set<Tensor> {
  const wanted = readBy(backward);
  const dropped = new Set<Tensor>();
  for (const { operator, inputs, outputs } of forward) {
    const { y } = outputs;
    if (!operator.recompute || !y || isKept(y)) continue;
    const isThere = (tensor: Tensor) => isKept(tensor) || dropped.has(tensor) || wanted.has(tensor);
    if (Object.values(inputs).every(isThere)) dropped.add(y);
  }
  return dropped;
}

/** Values that only nodes of their own block read. */
function valuesInBlocks(forward: readonly GraphNode[]): Set<Tensor> {
  const dropped = new Set<Tensor>();
  const blockOf = new Map<Tensor, string>();
  for (const { block, outputs } of forward) {
    if (block === undefined) continue;
    for (const tensor of Object.values(outputs)) {
      blockOf.set(tensor, block);
      if (!isKept(tensor)) dropped.add(tensor);
    }
  }
  for (const { block, inputs } of forward) {
    for (const tensor of Object.values(inputs)) if (blockOf.get(tensor) !== block) dropped.delete(tensor);
  }
  return dropped;
}
