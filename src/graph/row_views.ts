// Row views: parts of a concatenation that never exist on their own. Who makes a part writes it into the whole,
// channel range by channel range, and who reads a slice reads it there, so that nothing is copied.

import type { GraphNode, Tensor } from "./graph.ts";

/** Where the rows [C] of a tensor [..., C] lie inside the wider rows of another. */
export interface RowView {
  readonly whole: Tensor;
  /** The channel of the whole at which the part begins. */
  readonly first: number;
}

/** A tensor that an operator puts together from parts, or takes one apart of, along the channels. */
export interface RowParts {
  readonly whole: Tensor;
  readonly parts: readonly { readonly tensor: Tensor; readonly first: number }[];
}

/**
 * Finds the tensors of live nodes that can be views: all who write or read them must be able to.
 * @param kept tensors that must be readable when the step has ended.
 */
export function findRowViews(nodes: readonly GraphNode[], kept: ReadonlySet<Tensor>): Map<Tensor, RowView> {
  const readers = readersOf(nodes);
  const views = new Map<Tensor, RowView>();
  const wholes = new Set<Tensor>();
  for (const node of nodes) {
    const { whole, parts = [] } = node.operator.rowParts?.(node) ?? {};
    if (!whole || views.has(whole)) continue;
    for (const { tensor, first } of parts) {
      if (tensor.kind !== "value" || kept.has(tensor) || wholes.has(tensor) || views.has(tensor)) continue;
      if (tensor.node === node ? !isReadByRows(tensor, readers) : !isWrittenByRows(tensor, node, readers))
        continue;
      views.set(tensor, { whole, first });
      wholes.add(whole);
    }
  }
  return views;
}

interface Reader {
  readonly node: GraphNode;
  readonly role: string;
}

function readersOf(nodes: readonly GraphNode[]): Map<Tensor, Reader[]> {
  const readers = new Map<Tensor, Reader[]>();
  for (const node of nodes) {
    for (const [role, tensor] of Object.entries(node.inputs)) {
      const known = readers.get(tensor);
      if (known) known.push({ node, role });
      else readers.set(tensor, [{ node, role }]);
    }
  }
  return readers;
}

function isReadByRows(tensor: Tensor, readers: ReadonlyMap<Tensor, readonly Reader[]>): boolean {
  return (readers.get(tensor) ?? []).every(({ node, role }) => node.operator.rowInputs?.includes(role));
}

/** Whether the tensor's maker can write rows, and nobody but the concatenation reads it. */
function isWrittenByRows(
  tensor: Tensor,
  concatenation: GraphNode,
  readers: ReadonlyMap<Tensor, readonly Reader[]>,
): boolean {
  const maker = tensor.node;
  const role = Object.keys(maker?.outputs ?? {}).find((name) => maker?.outputs[name] === tensor);
  if (!maker || role === undefined || !maker.operator.rowOutputs?.includes(role)) return false;
  const all = readers.get(tensor) ?? [];
  return all.length === 1 && all[0]?.node === concatenation;
}
