// The passes in their order. A pass rewrites a graph into one that computes the same with fewer or cheaper nodes. Each
// pass has a file of its own and knows the operators that it handles.

import type { Arena } from "../gpu/variables.ts";
import type { Graph, Tensor } from "../graph/graph.ts";
import { foldBatchNorms } from "./fold_batch_norms.ts";
import { fuseActivations } from "./fuse_activations.ts";
import { fuseResiduals } from "./fuse_residuals.ts";
import { fuseSums } from "./fuse_sums.ts";
import { fuseZeroPadding } from "./fuse_zero_padding.ts";
import { mergeDuplicates } from "./merge_duplicates.ts";
import { mergeWeightCasts } from "./merge_weight_casts.ts";
import { type Recompute, recompute } from "./recompute.ts";

/** Rewrites a graph; tensors in `keep` stay readable. */
type Pass = (graph: Graph, keep: Iterable<Tensor>) => void;

/** Before differentiation, so that gradients are those of the fused nodes. */
const FUSION: readonly Pass[] = [mergeDuplicates, fuseResiduals, fuseActivations, fuseZeroPadding];

/**
 * For graphs that are not differentiated: batch norms that use moving averages are folded into the convolutions first.
 */
const INFERENCE: readonly Pass[] = [foldBatchNorms, ...FUSION];

/** Runs the passes of a graph that will be differentiated. */
export function fuse(graph: Graph, keep: Iterable<Tensor> = []): void {
  runAll(FUSION, graph, keep);
}

/** Runs the passes of a graph that will not be differentiated. */
export function fuseForInference(graph: Graph, keep: Iterable<Tensor> = []): void {
  runAll(INFERENCE, graph, keep);
}

function runAll(passes: readonly Pass[], graph: Graph, keep: Iterable<Tensor>): void {
  const kept = [...keep];
  for (const pass of passes) pass(graph, kept);
}

/** What the passes of a differentiated graph need to know. */
export interface Differentiated {
  /** How many of the graph's nodes are the forward pass. */
  readonly forwardCount: number;
  /** What the backward pass recomputes instead of keeping it. */
  readonly recomputed: Recompute;
  /** The arenas that hold the weights. */
  readonly arenas: readonly Arena[];
}

/** Runs the passes of a graph that has gradients, before the optimizer is added. */
export function rewriteDifferentiated(
  graph: Graph,
  { forwardCount, recomputed, arenas }: Differentiated,
): void {
  fuseSums(graph);
  recompute(graph, forwardCount, recomputed);
  mergeWeightCasts(graph, arenas);
}
