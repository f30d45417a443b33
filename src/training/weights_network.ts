// Which network a weights file belongs to: backbone, width multiplier, classes and image size, from the
// tensors' shapes and, for the size, from the file's name (`mobilenet_v2_1.0_224…`).

import { WeftError } from "../base/errors.ts";
import { matchWeights, type OfferedWeight } from "../formats/weight_matching.ts";
import { Graph } from "../graph/graph.ts";
import type { Backbone } from "../models/backbone.ts";
import { BACKBONES } from "../models/backbones.ts";
import type { WeightSpec } from "../nn/layer_scope.ts";
import { Layers } from "../nn/layers.ts";
import { PUBLISHED_ALPHAS } from "./weights_fit.ts";

/** A classifier as Keras' applications have it, with its top. */
export interface ClassifierConfig {
  readonly backbone: Backbone;
  readonly alpha: number | undefined;
  /** Width and height of the images, in pixels. */
  readonly size: number;
  readonly classes: number;
  /** See `BackboneConfig`; the loaded weights decide. */
  readonly imagenetRescaling?: boolean;
}

/** What the person at the keyboard has said about the network. */
export interface ClassifierHints {
  readonly backbone?: Backbone | undefined;
  readonly alpha?: number | undefined;
  readonly size?: number | undefined;
}

/** Width multiplier and size in Keras' file names: `mobilenet_v2_1.0_224…`, `mobilenet_7_5_128_tf…` (0.75). */
const NAME_PATTERN = /_(?:(\d(?:\.\d+)?)|(\d)_(\d))_(\d{2,3})(?=[_.])/;

/** The weights of a classifier with its top, without a GPU. */
export function classifierWeights({
  backbone,
  alpha,
  size,
  classes,
}: ClassifierConfig): readonly WeightSpec[] {
  const graph = new Graph();
  const layers = new Layers(graph, { training: false });
  const image = graph.input("image", [1, size, size, 3]);
  backbone.build(layers, image, { includeTop: true, classes, ...(alpha !== undefined && { alpha }) });
  return layers.weights;
}

/**
 * Finds the classifier that a file's tensors fit. Hints win over what the file says; where nothing fits,
 * the hinted or likeliest network is returned, and taking its weights says what is wrong.
 * @throws WeftError where the file has no top, or fits none of the backbones.
 */
export function identifyClassifier(
  tensors: readonly OfferedWeight[],
  path: string,
  hints: ClassifierHints,
): ClassifierConfig {
  const classes = classesOf(tensors);
  if (classes === undefined) {
    throw new WeftError(
      `${path}: these weights have no top (no kernel of predictions or conv_preds); classify needs one`,
    );
  }
  const named = namedSizes(path);
  const alphas =
    hints.alpha !== undefined ? [hints.alpha] : [...new Set([named?.alpha ?? 1, ...PUBLISHED_ALPHAS])];
  let likeliest: { config: ClassifierConfig; matched: number } | undefined;
  for (const backbone of hints.backbone ? [hints.backbone] : BACKBONES.values()) {
    const size = hints.size ?? (backbone.hasAlpha && named ? named.size : backbone.defaultSize);
    for (const alpha of backbone.hasAlpha ? alphas : [undefined]) {
      const config = { backbone, alpha, size, classes };
      const { matched, misshapen, missing } = matchWeights(classifierWeights(config), tensors);
      if (misshapen.length === 0 && missing.length === 0) return config;
      if (!likeliest || matched.length > likeliest.matched) likeliest = { config, matched: matched.length };
    }
  }
  if (!likeliest || likeliest.matched === 0) {
    const known = [...BACKBONES.keys()].join(", ");
    throw new WeftError(`${path}: none of these tensors belongs to a backbone that weft has (${known})`);
  }
  return likeliest.config;
}

/** What a file's name says, where it is one of Keras' MobileNets. */
function namedSizes(path: string): { readonly alpha: number; readonly size: number } | undefined {
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  const match = name.match(NAME_PATTERN);
  if (!match) return undefined;
  const [, decimal, whole, fraction, size] = match;
  const alpha = decimal === undefined ? alphaOfDigits(Number(whole), Number(fraction)) : Number(decimal);
  return { alpha, size: Number(size) };
}

/** MobileNet's files write 1.0 as `1_0`, and 0.75, 0.5 and 0.25 as `7_5`, `5_0` and `2_5`. */
function alphaOfDigits(first: number, second: number): number {
  return first === 1 ? 1 : first / 10 + second / 100;
}

/** Layers that hold a network's classes: a dense one, or MobileNet's 1x1 convolution. */
const TOPS: ReadonlySet<string> = new Set(["predictions", "conv_preds"]);

function classesOf(tensors: readonly OfferedWeight[]): number | undefined {
  const top = tensors.find(({ layer, weight }) => TOPS.has(layer) && weight === "kernel");
  return top?.shape.at(-1);
}
