// Classification of single images by a network with its top.

import type { GpuDevice } from "../gpu/device.ts";
import { preprocess } from "../ops/image/preprocess.ts";
import { CompiledStep, exactValues } from "./compiled_step.ts";
import { requireFiniteOutput } from "./divergence.ts";
import { suitedTo } from "./network.ts";
import { layOutInference } from "./step_layout.ts";
import type { ClassifierConfig } from "./weights_network.ts";

/**
 * A network with its top, compiled for a fixed number of images at once; made by `Classifier.create`. It holds memory of
 * the device until `destroy`.
 */
export class Classifier {
  private constructor(
    readonly config: ClassifierConfig,
    readonly batchSize: number,
    private readonly compiled: CompiledStep,
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
    const step = layOutInference(device.facts, (layers) => {
      const { graph } = layers;
      const bytes = graph.input("bytes", [batchSize, size, size, 3], "u8");
      const image = graph.applyOne(preprocess, { bytes }, { mode: backbone.preprocessing }, "image");
      const top = { includeTop: true, classes, imagenetRescaling, ...(alpha !== undefined && { alpha }) };
      return { probabilities: backbone.build(layers, image, top) };
    });
    const valuesOf = exactValues(weights, backbone.name);
    return new Classifier(config, batchSize, await CompiledStep.compile(device, step, { valuesOf }));
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
    const { probabilities } = await this.compiled.run({ bytes });
    if (!probabilities) throw new Error("the classifier has no output");
    return images.map((_, row) => {
      const ofImage = probabilities.slice(row * classes, (row + 1) * classes);
      requireFiniteOutput(ofImage, "an image's classes");
      return ofImage;
    });
  }

  destroy(): void {
    this.compiled.destroy();
  }
}
