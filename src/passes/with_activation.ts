// The operators that can apply an activation to their output y.

import type { GraphNode } from "../graph/node.ts";
import type { Operator } from "../graph/operator.ts";
import { batchNorm } from "../ops/batch_norm/batch_norm.ts";
import { conv2d } from "../ops/conv2d/conv2d.ts";
import { depthwiseConv2d } from "../ops/conv2d/depthwise_conv2d.ts";
import type { Activation } from "../ops/elementwise/fused_activation.ts";

interface WithActivation {
  readonly activation: Activation;
}

export const WITH_ACTIVATION: readonly Operator<WithActivation>[] = [conv2d, depthwiseConv2d, batchNorm];

/** Whether a node applies no activation yet, so that something can still be fused before one. */
export const isPlain = ({ attrs }: GraphNode<WithActivation>) => attrs.activation === "none";
