// Lets residualSplit add up the gradients that are summed before it. Runs after differentiation.

import type { Graph } from "../graph/graph.ts";
import { type GraphNode, isNode } from "../graph/node.ts";
import { residualSplit } from "../ops/elementwise/residual_split.ts";
import { sum } from "../ops/elementwise/sum.ts";

/** Makes the terms of a sum inputs of the residualSplit that follows, if nothing else reads the sum. */
export function fuseSums(graph: Graph): void {
  const consumers = graph.consumerCounts();
  const fused = new Set<GraphNode>();
  for (const node of graph.nodes) {
    const { x0, x1, ...rest } = node.inputs;
    const before = x0 && graph.makerOf(x0);
    if (!isNode(node, residualSplit) || !x0 || x1 || !isNode(before, sum) || consumers.get(x0) !== 1)
      continue;
    node.inputs = { ...rest, ...before.inputs };
    fused.add(before);
  }
  graph.remove(fused);
}
