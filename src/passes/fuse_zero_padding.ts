// Fuses zero padding into the convolution that follows it.

import type { Graph, Tensor } from "../graph/graph.ts";
import { changeAttributes, isNode } from "../graph/node.ts";
import type { Operator } from "../graph/operator.ts";
import { conv2d } from "../ops/conv2d/conv2d.ts";
import type { ConvolutionAttrs } from "../ops/conv2d/convolution.ts";
import { depthwiseConv2d } from "../ops/conv2d/depthwise_conv2d.ts";
import { zeroPad2d } from "../ops/layout/zero_pad2d.ts";

const CONVOLUTIONS: readonly Operator<ConvolutionAttrs>[] = [conv2d, depthwiseConv2d];

/**
 * Lets convolutions add the zeros of the zeroPad2d before them, if nothing else reads the padded tensor. Tensors in
 * `keep` stay readable.
 */
export function fuseZeroPadding(graph: Graph, keep: Iterable<Tensor> = []): void {
  const kept = new Set(keep);
  const consumers = graph.consumerCounts();
  for (const node of graph.nodes) {
    const { x } = node.inputs;
    const before = x && graph.makerOf(x);
    if (!x || !isNode(before, zeroPad2d) || !isNode(node, ...CONVOLUTIONS)) continue;
    if (node.attrs.padding !== "valid" || consumers.get(x) !== 1 || kept.has(x)) continue;
    changeAttributes(node, { padding: before.attrs.amounts });
    node.inputs = { ...node.inputs, ...before.inputs };
  }
}
