// Fuses an activation into the node before it. This pass runs before differentiation, so that the gradient of the fused
// node is fused as well.

import type { Graph, Tensor } from "../graph/graph.ts";
import { changeAttributes, type GraphNode, isNode } from "../graph/node.ts";
import type { Activation } from "../ops/elementwise/fused_activation.ts";
import { FUSED_ACTIVATIONS } from "../ops/elementwise/fused_activation.ts";
import { isPlain, WITH_ACTIVATION } from "./with_activation.ts";

/**
 * Lets convolutions and batch norms apply the activation that follows them, if nothing else reads the value in between.
 * Tensors in `keep` stay readable.
 */
export function fuseActivations(graph: Graph, keep: Iterable<Tensor> = []): void {
  const kept = new Set(keep);
  const consumers = graph.consumerCounts();
  const fused = new Set<GraphNode>();
  for (const node of graph.nodes) {
    const activation = activationOf(node);
    const { x } = node.inputs;
    const before = x && graph.makerOf(x);
    if (!activation || !x || !isNode(before, ...WITH_ACTIVATION) || before.outputs.y !== x) continue;
    if (!isPlain(before) || consumers.get(x) !== 1 || kept.has(x)) continue;
    changeAttributes(before, { activation });
    graph.handOver(node, before);
    fused.add(node);
  }
  graph.remove(fused);
}

function activationOf({ operator }: GraphNode): Activation | undefined {
  const activations = Object.entries(FUSED_ACTIVATIONS) as [Activation, { forward: object }][];
  return activations.find(([, { forward }]) => forward === operator)?.[0];
}
