// Fuses the sum of a residual branch and its shortcut into the convolution that ends the branch.

import { sameShape } from "../base/tensors.ts";
import type { Graph, Tensor } from "../graph/graph.ts";
import { changeAttributes, type GraphNode, isNode } from "../graph/node.ts";
import { conv2d } from "../ops/conv2d/conv2d.ts";
import { add } from "../ops/elementwise/binary.ts";
import { scaledAdd } from "../ops/elementwise/scaled_add.ts";
import { isPlain } from "./with_activation.ts";

/** A sum of two tensors as `addend + scale · branch`. */
interface Residual {
  readonly addend: Tensor | undefined;
  readonly branch: Tensor | undefined;
  readonly scale: number;
}

/** Lets conv2d add the shortcut to the branch whose last node it is. Tensors in `keep` stay readable. */
export function fuseResiduals(graph: Graph, keep: Iterable<Tensor> = []): void {
  const kept = new Set(keep);
  const consumers = graph.consumerCounts();
  const order = new Map(graph.nodes.map((node, index) => [node, index]));
  /** The position in the order at which a tensor exists; -1 for a tensor that no node makes. */
  const madeAt = (tensor: Tensor) => {
    const maker = graph.makerOf(tensor);
    return maker ? (order.get(maker) ?? Number.POSITIVE_INFINITY) : -1;
  };
  const fused = new Set<GraphNode>();
  for (const node of graph.nodes) {
    for (const { addend, branch, scale } of residualsOf(node)) {
      const before = branch && graph.makerOf(branch);
      if (!addend || !branch || !isNode(before, conv2d) || before.inputs.addend || !isPlain(before)) continue;
      if (consumers.get(branch) !== 1 || kept.has(branch) || !sameShape(addend.shape, branch.shape)) continue;
      if (madeAt(addend) >= madeAt(branch)) continue;
      before.inputs = { ...before.inputs, addend };
      changeAttributes(before, { residualScale: scale });
      graph.handOver(node, before);
      fused.add(node);
      break;
    }
  }
  graph.remove(fused);
}

/** The ways to read a node as such a sum. */
function residualsOf(node: GraphNode): readonly Residual[] {
  if (isNode(node, add)) {
    const { a, b } = node.inputs;
    return [
      { addend: a, branch: b, scale: 1 },
      { addend: b, branch: a, scale: 1 },
    ];
  }
  if (!isNode(node, scaledAdd)) return [];
  const { x, r } = node.inputs;
  return [{ addend: x, branch: r, scale: node.attrs.scale }];
}
