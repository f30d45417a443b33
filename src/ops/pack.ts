// pack: lays tensors side by side in one flat tensor, at given offsets. It has no kernel: the planner
// lets its inputs be computed in place, and copies those that cannot be. Padding between them is unspecified.

import { WeftError } from "../base/errors.ts";
import { byteSize, elementCount } from "../base/tensors.ts";
import { defineOperator } from "../graph/operator.ts";

interface PackAttrs {
  /** Where each input goes, in elements; multiples of 64, so that it can be bound by itself. */
  readonly offsets: readonly number[];
  readonly elements: number;
}

export const pack = defineOperator<PackAttrs>({
  name: "pack",
  inputs: ["x*"],
  attributes: (read) => ({
    offsets: read.wholeNumbers("offsets", undefined, 0),
    elements: read.whole("elements"),
  }),
  infer(inputs, { offsets, elements }) {
    const sizes = Object.values(inputs).map((type) => elementCount(type?.shape ?? []));
    if (sizes.length !== offsets.length) {
      throw new WeftError(`pack: ${sizes.length} tensors but ${offsets.length} offsets`);
    }
    if (sizes.some((size, i) => (offsets[i] ?? 0) % 64 !== 0 || (offsets[i] ?? 0) + size > elements)) {
      throw new WeftError(`pack: offsets expect multiples of 64 within ${elements} elements`);
    }
    return { packed: { shape: [elements], dtype: "f32" } };
  },
  lower: () => undefined,
  cost: (_inputs, outputs) => ({ flops: 0, bytes: outputs.packed ? byteSize(outputs.packed) : 0 }),
});
