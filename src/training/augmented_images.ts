// What a network sees of a batch in training: the bytes after the GPU's warp, back as bytes.

import { augmentationTransform } from "../data/augmentation.ts";
import type { Batch } from "../data/batches.ts";
import type { GpuDevice } from "../gpu/device.ts";
import { preprocess } from "../ops/image/preprocess.ts";
import { CompiledStep, exactValues } from "./compiled_step.ts";
import { layOutInference } from "./step_layout.ts";

/**
 * Runs the training step's own conversion with augmentation, without the backbone's scaling.
 * @returns [size, size, 3] bytes of each valid image of the batch
 */
export async function augmentedImages(
  device: GpuDevice,
  batch: Pick<Batch, "bytes" | "indices">,
  options: {
    readonly size: number;
    readonly batchSize: number;
    readonly seed: number;
    readonly epoch: number;
  },
): Promise<Uint8Array[]> {
  const { size, batchSize, seed, epoch } = options;
  const step = layOutInference(device.facts, ({ graph }) => {
    const bytes = graph.input("bytes", [batchSize, size, size, 3], "u8");
    const transform = graph.input("transform", [batchSize, 6]);
    return { image: graph.applyOne(preprocess, { bytes, transform }, { mode: "none", augment: true }) };
  });
  const valuesOf = exactValues(new Map(), "the conversion");
  const compiled = await CompiledStep.compile(device, step, { valuesOf });
  try {
    const warps = new Float32Array(batchSize * 6);
    for (const [row, index] of batch.indices.entries()) {
      warps.set(augmentationTransform(seed, epoch, index, size, size), 6 * row);
    }
    const values = await compiled.run({ bytes: batch.bytes, transform: warps });
    const warped = values.image;
    if (!warped) throw new Error("the conversion has no output");
    const imageSize = size * size * 3;
    return batch.indices.map((_, row) => {
      return Uint8Array.from(warped.subarray(row * imageSize, (row + 1) * imageSize), (value) =>
        Math.round(value),
      );
    });
  } finally {
    compiled.destroy();
  }
}
