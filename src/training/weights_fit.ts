// How a file's tensors fit a backbone: width and top are read off the tensors where nobody says them.

import { depthFirstOrder } from "../formats/keras_order.ts";
import { type ExpectedWeight, matchWeights, type WeightReport } from "../formats/weight_matching.ts";
import type { Backbone } from "../models/backbone.ts";
import { layerGraph } from "../nn/layer_graph.ts";
import { networkName } from "./network.ts";
import { describeBackbone, type NetworkDescription } from "./network_layers.ts";
import type { OfferedTensor } from "./weights_file.ts";

/** Width multipliers of Keras' published weights, the likeliest first. */
export const PUBLISHED_ALPHAS = [1, 0.25, 0.35, 0.5, 0.75, 1.3, 1.4] as const;

/** What is known of the network beside its name. */
export interface FitHints {
  /** Whether only the network without its top is meant; else the top is taken where the file has it. */
  readonly isTopless?: boolean | undefined;
  readonly alpha?: number | undefined;
}

/** The network that fits best, and how well. */
export interface BackboneFit {
  /** For messages: `MobileNetV2 (alpha 0.35) without its top`. */
  readonly network: string;
  /** The network's weights in the order of creation. */
  readonly expected: readonly ExpectedWeight[];
  readonly report: WeightReport<ExpectedWeight, OfferedTensor>;
}

interface Candidate {
  readonly weights: readonly ExpectedWeight[];
  readonly layerOrder: readonly string[];
}

/** A network's layers in the order in which Keras numbers them in files that do not name them. */
export function kerasLayerOrder({ records, input, outputs }: NetworkDescription): string[] {
  const layers = layerGraph(records, [input]).map(({ name, predecessors: inputs }) => ({ name, inputs }));
  const ends = outputs.map(({ name }) => name);
  return depthFirstOrder(layers, ends).map(({ name }) => name);
}

/** Compares tensors with a backbone's weights, its images being of its default size. */
export function fitToBackbone(
  tensors: readonly OfferedTensor[],
  backbone: Backbone,
  hints: FitHints,
): BackboneFit {
  const alphas = backbone.hasAlpha && hints.alpha === undefined ? PUBLISHED_ALPHAS : [hints.alpha];
  let best: BackboneFit | undefined;
  for (const alpha of alphas) {
    const topless = describe(backbone, alpha, undefined);
    const classes = hints.isTopless ? undefined : classesOf(tensors, backbone, alpha, topless);
    for (const includeTop of classes === undefined ? [false] : [true, false]) {
      const { weights, layerOrder } = includeTop ? describe(backbone, alpha, classes) : topless;
      const report = matchWeights(weights, tensors, { layerOrder });
      const top = includeTop ? `with its top of ${classes} classes` : "without its top";
      const network = `${networkName({ backbone, alpha })} ${top}`;
      const fit = { network, expected: weights, report };
      if (report.missing.length === 0 && report.misshapen.length === 0) return fit;
      if (!best || report.matched.length > best.report.matched.length) best = fit;
    }
  }
  if (!best) throw new Error("there is a width to try");
  return best;
}

function describe(backbone: Backbone, alpha: number | undefined, classes: number | undefined): Candidate {
  const network = describeBackbone({
    backbone,
    alpha,
    size: backbone.defaultSize,
    includeTop: classes !== undefined,
    classes,
  });
  const weights = network.records.flatMap((record) => record.weights);
  return { weights, layerOrder: kerasLayerOrder(network) };
}

/** How many classes the file's top tells apart; undefined where it has none. */
function classesOf(
  tensors: readonly OfferedTensor[],
  backbone: Backbone,
  alpha: number | undefined,
  topless: Candidate,
): number | undefined {
  const known = new Set(topless.weights.map(({ name }) => name));
  const kernel = describe(backbone, alpha, 1).weights.find(({ name }) => !known.has(name));
  if (!kernel) return undefined;
  const inputs = kernel.shape.slice(0, -1).join();
  const top =
    tensors.find(({ name }) => name === kernel.name) ??
    tensors.findLast(({ position, shape }) => position && shape.slice(0, -1).join() === inputs);
  return top?.shape.at(-1);
}
