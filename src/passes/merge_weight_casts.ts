// Replaces the casts of weights to f16 by one node per arena, at the start of the step. Runs after differentiation.

import type { Arena } from "../gpu/variables.ts";
import type { Graph, Tensor } from "../graph/graph.ts";
import { type GraphNode, isNode } from "../graph/node.ts";
import { cast } from "../ops/mixed_precision/cast.ts";
import { narrowArena, partRole } from "../ops/mixed_precision/narrow_arena.ts";

/** Lets one narrowArena produce the results of the casts of an arena's members. */
export function mergeWeightCasts(graph: Graph, arenas: readonly Arena[]): void {
  const castsOf = new Map<Tensor, GraphNode[]>();
  for (const node of graph.nodes) {
    const { x } = node.inputs;
    if (!isNode(node, cast) || x?.kind !== "variable") continue;
    castsOf.set(x, [...(castsOf.get(x) ?? []), node]);
  }
  const merged = new Set<GraphNode>();
  graph.addBefore(graph.nodes[0], () => {
    for (const arena of arenas) {
      const casts = arena.members.flatMap(({ name, offset }) => {
        const member = graph.declared.get(name);
        const { shape = [] } = member ?? {};
        return ((member && castsOf.get(member)) ?? []).map((node) => ({ node, offset, shape }));
      });
      if (casts.length === 0) continue;
      const x = graph.variable(arena.name, [arena.elements]);
      const attrs = {
        offsets: casts.map(({ offset }) => offset),
        shapes: casts.map(({ shape }) => shape),
      };
      const whole = graph.add(narrowArena, { x }, attrs, `${arena.name}/f16`);
      for (const [i, { node }] of casts.entries()) {
        graph.handOver(node, whole, partRole(i));
        merged.add(node);
      }
    }
  });
  graph.remove(merged);
}
