// Classification of single images by a network with its top.

import { WeftError } from "../base/errors.ts";
import type { GpuDevice } from "../gpu/device.ts";
import { VariableStore } from "../gpu/variables.ts";
import { Graph } from "../graph/graph.ts";
import { Plan } from "../graph/plan.ts";
import { layOutPlan } from "../graph/plan_layout.ts";
import { Layers } from "../nn/layers.ts";
import { preprocess } from "../ops/image/preprocess.ts";
import { fuseForInference } from "../passes/passes.ts";
import { requireFiniteOutput } from "./divergence.ts";
import { suitedTo } from "./network.ts";
import type { ClassifierConfig } from "./weights_network.ts";

/**
 * A network with its top, compiled for a fixed number of images at once; made by `Classifier.create`. It holds memory of
 * the device until `destroy`.
 */
export class Classifier {
  private constructor(
    readonly config: ClassifierConfig,
    readonly batchSize: number,
    private readonly plan: Plan,
    private readonly variables: VariableStore,
  ) {}

  /**
   * Compiles the network.
   * @param weights every weight, by `layer/weight`
   */
  static async create(
    device: GpuDevice,
    config: ClassifierConfig,
    weights: ReadonlyMap<string, Float32Array>,
    batchSize = 1,
  ): Promise<Classifier> {
    const { backbone, alpha, size, classes } = config;
    const { imagenetRescaling = false } = suitedTo(config, weights);
    const graph = new Graph();
    const layers = new Layers(graph, { training: false });
    const bytes = graph.input("bytes", [batchSize, size, size, 3], "u8");
    const image = graph.applyOne(preprocess, { bytes }, { mode: backbone.preprocessing }, "image");
    const top = { includeTop: true, classes, imagenetRescaling, ...(alpha !== undefined && { alpha }) };
    const probabilities = backbone.build(layers, image, top);
    fuseForInference(graph, [probabilities]);
    const layout = layOutPlan(graph, { probabilities }, device.facts);
    return VariableStore.with(device, async (variables) => {
      for (const spec of layers.weights) {
        const values = weights.get(spec.name);
        if (!values) throw new WeftError(`there are no values for ${spec.name} of ${backbone.name}`);
        variables.declare(spec);
        variables.write(spec.name, values);
      }
      return new Classifier(config, batchSize, await Plan.compile(device, layout, variables), variables);
    });
  }

  /**
   * Classifies up to `batchSize` images.
   * @param images [size, size, 3] bytes each, RGB
   * @returns [classes] probabilities of each
   */
  async classify(images: readonly Uint8Array[]): Promise<Float32Array[]> {
    const { size, classes } = this.config;
    const imageBytes = size * size * 3;
    const bytes = new Uint8Array(this.batchSize * imageBytes);
    for (const [row, image] of images.entries()) bytes.set(image, row * imageBytes);
    const { probabilities } = await this.plan.run({ bytes });
    if (!probabilities) throw new Error("the classifier has no output");
    return images.map((_, row) => {
      const ofImage = probabilities.slice(row * classes, (row + 1) * classes);
      requireFiniteOutput(ofImage, "an image's classes");
      return ofImage;
    });
  }

  destroy(): void {
    this.plan.destroy();
    this.variables.destroy();
  }
}
