// Batch-norm folding: batch norms that use moving averages become part of the convolutions before them. For graphs that
// are not differentiated.

import type { Graph, Tensor } from "../graph/graph.ts";
import { type GraphNode, isNode } from "../graph/node.ts";
import type { Operator } from "../graph/operator.ts";
import { batchNorm } from "../ops/batch_norm/batch_norm.ts";
import { movingStatistics } from "../ops/batch_norm/moving_statistics.ts";
import { conv2d } from "../ops/conv2d/conv2d.ts";
import { depthwiseConv2d } from "../ops/conv2d/depthwise_conv2d.ts";
import { foldWeights } from "../ops/conv2d/fold_weights.ts";
import type { Activation } from "../ops/elementwise/fused_activation.ts";
import { isPlain } from "./with_activation.ts";

const CONVOLUTIONS: readonly Operator<{ readonly activation: Activation }>[] = [conv2d, depthwiseConv2d];

/**
 * Lets convolutions scale and shift their output in place of the batch norm after them, if nothing else reads the
 * convolution's output. Tensors in `keep` stay readable.
 */
export function foldBatchNorms(graph: Graph, keep: Iterable<Tensor> = []): void {
  const kept = new Set(keep);
  const consumers = graph.consumerCounts();
  const normOf = new Map<GraphNode, GraphNode<{ readonly epsilon: number }>>();
  for (const norm of graph.nodes) {
    const { x } = norm.inputs;
    const before = x && graph.makerOf(x);
    if (!x || !isNode(norm, batchNorm) || !isNode(before, ...CONVOLUTIONS)) continue;
    if (norm.attrs.training || !isPlain(before) || !isPlain(norm)) continue;
    if (consumers.get(x) === 1 && !kept.has(x)) normOf.set(before, norm);
  }
  for (const node of [...graph.nodes]) {
    const norm = normOf.get(node);
    if (!norm) continue;
    graph.addBefore(node, () => {
      const { gamma, beta, movingMean, movingVariance } = norm.inputs;
      const { epsilon } = norm.attrs;
      const inputs = { gamma, beta, movingMean, movingVariance };
      scaleAndShift(graph, node, graph.applyOne(movingStatistics, inputs, { epsilon }));
    });
    graph.handOver(norm, node);
  }
  graph.remove(new Set(normOf.values()));
}

/** Lets a convolution scale and shift its output: conv2d in its kernel, depthwiseConv2d by changed weights. */
function scaleAndShift(graph: Graph, convolution: GraphNode, statistics: Tensor): void {
  if (isNode(convolution, conv2d)) {
    convolution.inputs = { ...convolution.inputs, statistics };
    return;
  }
  const { w, b } = convolution.inputs;
  const { folded, bias } = graph.apply(foldWeights, { w, b, statistics });
  if (!folded || !bias) throw new Error("foldWeights lacks an output");
  convolution.inputs = { ...convolution.inputs, w: folded, b: bias };
}
