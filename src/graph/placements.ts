// Placements: tensors that lie inside others, so that nothing is copied. A weight's gradient is computed directly in
// the packed gradients, a branch is written directly into its concatenation, a slice is read inside its source.

import type { GraphNode } from "./graph.ts";
import type { Parts } from "./operator.ts";
import type { Tensor } from "./tensor.ts";

/** A part's offset in its whole; `first` is in the units of the layout (`Parts`). */
export interface Placement {
  readonly whole: Tensor;
  readonly first: number;
}

/** The tensors that lie inside others, by the layout of the parts. */
export type Placements = Readonly<Record<Parts["layout"], ReadonlyMap<Tensor, Placement>>>;

export const NO_PLACEMENTS: Placements = { flat: new Map(), rows: new Map() };

/** Whether a part lies inside a whole. */
export function isPlaced({ flat, rows }: Placements, part: Tensor, whole: Tensor): boolean {
  return flat.get(part)?.whole === whole || rows.get(part)?.whole === whole;
}

/**
 * Finds the tensors of live nodes that can lie inside others.
 * @param kept tensors that must still be readable after the step.
 */
export function findPlacements(nodes: readonly GraphNode[], kept: ReadonlySet<Tensor>): Placements {
  return { flat: placeRuns(nodes, kept), rows: placeRows(nodes, kept) };
}

function partsOf(node: GraphNode, layout: Parts["layout"]): Parts | undefined {
  const parts = node.operator.parts?.(node);
  return parts?.layout === layout ? parts : undefined;
}

/** Any kernel can write or read a run of elements. A part that the node itself makes has no other memory. */
function placeRuns(nodes: readonly GraphNode[], kept: ReadonlySet<Tensor>): Map<Tensor, Placement> {
  const placed = new Map<Tensor, Placement>();
  for (const node of nodes) {
    const { whole, parts = [] } = partsOf(node, "flat") ?? {};
    if (!whole) continue;
    const own = new Set(Object.values(node.outputs));
    const twice = repeated(parts.map(({ tensor }) => tensor));
    for (const { tensor, first } of parts) {
      const isFree =
        tensor.kind === "value" && !placed.has(tensor) && !kept.has(tensor) && !twice.has(tensor);
      if (own.has(tensor) || isFree) placed.set(tensor, { whole, first });
    }
  }
  return placed;
}

/** Tensors that occur more than once; they cannot lie in several places. */
function repeated<T>(items: readonly T[]): Set<T> {
  const seen = new Set<T>();
  return new Set(items.filter((item) => seen.size === seen.add(item).size));
}

/** All nodes that write or read the rows of a part must be able to take a stride. */
function placeRows(nodes: readonly GraphNode[], kept: ReadonlySet<Tensor>): Map<Tensor, Placement> {
  const { makers, readers } = usesOf(nodes);
  const isReadByRows = (tensor: Tensor) => (readers.get(tensor) ?? []).every(takesRows);
  const isWrittenByRows = (tensor: Tensor, concatenation: GraphNode) => {
    const maker = makers.get(tensor);
    const [reader, ...others] = readers.get(tensor) ?? [];
    return maker !== undefined && takesRows(maker) && reader?.node === concatenation && others.length === 0;
  };
  const placed = new Map<Tensor, Placement>();
  const wholes = new Set<Tensor>();
  for (const node of nodes) {
    const { whole, parts = [] } = partsOf(node, "rows") ?? {};
    if (!whole || placed.has(whole)) continue;
    for (const { tensor, first } of parts) {
      if (tensor.kind !== "value" || kept.has(tensor) || wholes.has(tensor) || placed.has(tensor)) continue;
      const isTakenOut = makers.get(tensor)?.node === node;
      if (!(isTakenOut ? isReadByRows(tensor) : isWrittenByRows(tensor, node))) continue;
      placed.set(tensor, { whole, first });
      wholes.add(whole);
    }
  }
  return placed;
}

/** An input or output of a node. */
interface Use {
  readonly node: GraphNode;
  readonly role: string;
}

const takesRows = ({ node, role }: Use) => node.operator.kernels?.rows?.includes(role) === true;

function usesOf(nodes: readonly GraphNode[]) {
  const makers = new Map<Tensor, Use>();
  const readers = new Map<Tensor, Use[]>();
  for (const node of nodes) {
    for (const [role, tensor] of Object.entries(node.outputs)) makers.set(tensor, { node, role });
    for (const [role, tensor] of Object.entries(node.inputs)) {
      const known = readers.get(tensor);
      if (known) known.push({ node, role });
      else readers.set(tensor, [{ node, role }]);
    }
  }
  return { makers, readers };
}
