// Backbones built without a GPU, and what Keras says about their weights (test/golden/weight_names.py).
import { createHash } from "node:crypto";
import { elementCount, type Shape } from "../../src/base/tensors.ts";
import { Graph, type Tensor } from "../../src/graph/graph.ts";
import type { Backbone, BackboneConfig } from "../../src/models/backbone.ts";
import { Layers } from "../../src/nn/layers.ts";
import names from "./keras_weight_names.json" with { type: "json" };

/** What is known of a list of weights: their number, that of their elements, and a hash of names and shapes. */
export interface WeightFacts {
  weights: number;
  parameters: number;
  sha256: string;
}

/** The layers of a backbone for one image of a height and a width. */
export function built(
  backbone: Backbone,
  config: BackboneConfig,
  height = backbone.defaultSize,
  width = height,
): { layers: Layers; output: Tensor } {
  const graph = new Graph();
  const layers = new Layers(graph, { training: false });
  const output = backbone.build(layers, graph.input("image", [1, height, width, 3]), config);
  return { layers, output };
}

/** The shape of a backbone's output for one image. */
export function outputShape(
  backbone: Backbone,
  config: BackboneConfig,
  [height, width]: readonly [number, number],
): Shape {
  return built(backbone, config, height, width).output.shape;
}

/** What weft's network of the default size has. */
export function weightFacts(backbone: Backbone, config: BackboneConfig): WeightFacts {
  const { weights } = built(backbone, config).layers;
  const lines = weights.map(({ name, shape }) => `${name} [${shape.join(",")}]\n`);
  return {
    weights: weights.length,
    parameters: weights.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    sha256: createHash("sha256").update(lines.join("")).digest("hex"),
  };
}

function kerasNetwork(backbone: Backbone) {
  const found = Object.entries(names).find(([name]) => name === backbone.name);
  if (!found) throw new Error(`keras_weight_names.json has no ${backbone.name}`);
  return found[1];
}

/** What Keras' network of the default size has. */
export function kerasFacts(backbone: Backbone, top: "withTop" | "withoutTop"): WeightFacts {
  return kerasNetwork(backbone)[top];
}

/** What Keras' network without its top makes of images: `224x224` becomes `7x7x1280`. */
export function kerasMaps(backbone: Backbone): Readonly<Record<string, string>> {
  return kerasNetwork(backbone).maps;
}
