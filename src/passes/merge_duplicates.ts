// Common subexpression elimination for cheap nodes: one node replaces all nodes that apply the same operator to the
// same tensors. For example, a cell of NASNet applies ReLU to its input once for each of its branches.

import type { Graph, Tensor } from "../graph/graph.ts";
import type { GraphNode } from "../graph/node.ts";

/** Merges equal nodes that are cheap to recompute. Tensors in `keep` stay readable. */
export function mergeDuplicates(graph: Graph, keep: Iterable<Tensor> = []): void {
  const kept = new Set(keep);
  const first = new Map<string, GraphNode>();
  const replaced = new Map<Tensor, Tensor>();
  const merged = new Set<GraphNode>();
  for (const node of graph.nodes) {
    const inputs = Object.entries(node.inputs).map(
      ([role, tensor]) => [role, replaced.get(tensor) ?? tensor] as const,
    );
    node.inputs = Object.fromEntries(inputs);
    const { operator, attrs, outputs, segment } = node;
    if (!operator.recompute || operator.inPlace) continue;
    if (Object.values(outputs).some((tensor) => kept.has(tensor))) continue;
    const key = JSON.stringify([operator.name, segment, attrs, inputs.map(([role, { id }]) => [role, id])]);
    const same = first.get(key);
    if (same) merged.add(node);
    else first.set(key, node);
    for (const [role, tensor] of Object.entries(outputs)) {
      const standIn = same?.outputs[role];
      if (standIn) replaced.set(tensor, standIn);
    }
  }
  graph.remove(merged);
}
