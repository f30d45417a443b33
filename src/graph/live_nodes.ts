// Dead-code elimination: a plan leaves out the nodes that neither an output nor an assignment needs.

import type { Graph, GraphNode } from "./graph.ts";
import type { Tensor } from "./tensor.ts";

/** The nodes that the wanted tensors and the graph's assignments need, in the order they run. */
export function liveNodes(graph: Graph, wanted: Iterable<Tensor>): GraphNode[] {
  const needed = new Set<Tensor>(wanted);
  for (const { value } of graph.assignments) needed.add(value);
  const live: GraphNode[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    if (!node || !Object.values(node.outputs).some((output) => needed.has(output))) continue;
    for (const input of Object.values(node.inputs)) needed.add(input);
    live.push(node);
  }
  return live.reverse();
}
