// A network's layers without a GPU and without values: what summaries, pictures and exported files are
// made of.

import { Graph, type Tensor } from "../graph/graph.ts";
import type { Backbone } from "../models/backbone.ts";
import type { Head } from "../models/heads.ts";
import type { LayerRecord } from "../nn/layer_scope.ts";
import { Layers } from "../nn/layers.ts";
import type { NetworkConfig } from "./network.ts";

/** A network in inference mode, one image at a time. */
export interface NetworkDescription {
  readonly graph: Graph;
  /** The preprocessed image, [1,size,size,3]; the only tensor that no layer makes. */
  readonly input: Tensor;
  /** Layers in the order of creation; that of Keras' `model.layers` differs where there are branches. */
  readonly records: readonly LayerRecord[];
  /** How many of the records, from the first on, are the backbone's. */
  readonly backboneRecords: number;
  /** The last layers: one of each head under its name, or the backbone's only. */
  readonly outputs: readonly LayerRecord[];
}

/** What the multi-task network adds to the backbone. */
export interface HeadConfig {
  readonly heads: readonly Head[];
  /** The rate of the dropout between backbone and heads; 0 where it is silent. */
  readonly dropout?: number;
}

/** A backbone on its own, with Keras' arguments. */
export interface BackboneDescriptionConfig {
  readonly backbone: Backbone;
  readonly alpha?: number | undefined;
  /** Width and height of the image, in pixels. */
  readonly size: number;
  readonly includeTop: boolean;
  readonly classes?: number | undefined;
  readonly pooling?: "avg" | "max" | null;
  readonly imagenetRescaling?: boolean | undefined;
}

/**
 * The layers of a run's network: the backbone with its features averaged over space, dropout, and for each
 * attribute a `Dense` with softmax named after it, [1,classes].
 */
export function describeNetwork(config: NetworkConfig & HeadConfig): NetworkDescription {
  const { heads, dropout = 0 } = config;
  const { graph, layers, input, features } = startWith({ ...config, includeTop: false, pooling: "avg" });
  const backboneRecords = layers.records.length;
  const dropped = layers.dropout(features, { rate: dropout });
  for (const { name, classes } of heads)
    layers.dense(dropped, { units: classes, activation: "softmax", name });
  const { records } = layers;
  return { graph, input, records, backboneRecords, outputs: records.slice(records.length - heads.length) };
}

/** The layers of a backbone on its own. */
export function describeBackbone(config: BackboneDescriptionConfig): NetworkDescription {
  const { graph, layers, input } = startWith(config);
  const { records } = layers;
  return { graph, input, records, backboneRecords: records.length, outputs: records.slice(-1) };
}

function startWith(config: BackboneDescriptionConfig) {
  const { backbone, alpha, size, includeTop, classes, pooling, imagenetRescaling = false } = config;
  const graph = new Graph();
  const layers = new Layers(graph, { training: false });
  const input = graph.input("image", [1, size, size, 3]);
  const features = backbone.build(layers, input, {
    includeTop,
    imagenetRescaling,
    ...(alpha !== undefined && { alpha }),
    ...(classes !== undefined && { classes }),
    ...(pooling !== undefined && { pooling }),
  });
  return { graph, layers, input, features };
}
