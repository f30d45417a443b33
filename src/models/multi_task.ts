// The multi-task classifier: features → dropout → one dense softmax head per attribute, named after it.

import type { Graph, Tensor } from "../graph/graph.ts";
import type { Layers } from "../nn/layers.ts";
import { concat } from "../ops/layout/concat.ts";
import { softmax } from "../ops/loss/softmax.ts";
import { softmaxCrossEntropy } from "../ops/loss/softmax_cross_entropy.ts";
import type { Head } from "./heads.ts";

/**
 * Adds the heads.
 * @param features [N,C].
 * @returns the logits of each head, [N,classes], in the heads' order.
 */
export function multiTaskHeads(
  layers: Layers,
  features: Tensor,
  heads: readonly Head[],
  dropoutRate: number,
): Tensor[] {
  const dropped = layers.dropout(features, { rate: dropoutRate });
  return heads.map(({ name, classes }) => layers.dense(dropped, { units: classes, name }));
}

/** All heads' logits, concatenated: [N, sum of classes]. */
export function joinLogits(graph: Graph, logits: readonly Tensor[]): Tensor {
  const [only] = logits;
  if (only && logits.length === 1) return only;
  const inputs = Object.fromEntries(logits.map((tensor, i) => [`x${i}`, tensor]));
  return graph.applyOne(concat, inputs, { axis: 1 }, "logits");
}

/**
 * Adds the masked loss of all heads.
 * @param logits [N, sum of classes].
 * @param labels one-hot rows of all heads, concatenated, [N, sum of classes]; all zero if a label is missing.
 * @returns loss [heads] and accuracy [2 · heads]: per head, the number of correct rows and of labelled rows.
 */
export function multiTaskLoss(
  graph: Graph,
  logits: Tensor,
  labels: Tensor,
  heads: readonly Head[],
  validRows?: Tensor,
): { readonly loss: Tensor; readonly accuracy: Tensor } {
  const attrs = { heads: heads.map(({ classes }) => classes) };
  const { loss, accuracy } = graph.apply(softmaxCrossEntropy, { logits, labels, validRows }, attrs, "loss");
  if (!loss || !accuracy) throw new Error("softmaxCrossEntropy lacks an output");
  return { loss, accuracy };
}

/** Class probabilities of each head, [N,classes]. */
export function headProbabilities(graph: Graph, logits: readonly Tensor[], heads: readonly Head[]): Tensor[] {
  return logits.map((x, i) => graph.applyOne(softmax, { x }, {}, `${heads[i]?.name ?? i}/softmax`));
}
