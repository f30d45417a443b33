// The order of Keras' `model.layers`: not that in which layers were made but by their distance from the
// output, and layers of the same distance as a depth-first search from the outputs meets them. Files of
// Keras 3 number layers in this order.

import type { LayerNode } from "./layer_graph.ts";

/**
 * The names of a network's layers, its inputs included, in Keras' order.
 * @param nodes each after those that it reads; what no other node reads is an output
 */
export function kerasLayerOrder(nodes: readonly LayerNode[]): string[] {
  const predecessors = new Map(nodes.map(({ name, predecessors: names }) => [name, names]));
  const read = new Set(nodes.flatMap(({ predecessors: names }) => names));
  const met = new Map<string, number>();
  const finished: string[] = [];
  const visit = (name: string): void => {
    if (met.has(name)) return;
    met.set(name, met.size);
    predecessors.get(name)?.forEach(visit);
    finished.push(name);
  };
  for (const { name } of nodes) if (!read.has(name)) visit(name);

  const distances = new Map<string, number>();
  for (const name of finished.toReversed()) {
    const distance = distances.get(name) ?? 0;
    distances.set(name, distance);
    for (const before of predecessors.get(name) ?? []) {
      distances.set(before, Math.max(distance + 1, distances.get(before) ?? 0));
    }
  }
  const distanceOf = (name: string) => distances.get(name) ?? 0;
  const meetingOf = (name: string) => met.get(name) ?? 0;
  return finished.toSorted((a, b) => distanceOf(b) - distanceOf(a) || meetingOf(a) - meetingOf(b));
}
