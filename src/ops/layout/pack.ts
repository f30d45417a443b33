// pack: lays tensors out in one flat tensor, at given offsets. It has no kernel: its inputs are computed directly in
// their place, and inputs that cannot be are copied. The padding between them is unspecified.

import { WeftError } from "../../base/errors.ts";
import { byteSize, elementCount } from "../../base/tensors.ts";
import type { Tensor } from "../../graph/graph.ts";
import { defineOperator } from "../../graph/operator.ts";

interface PackAttrs {
  /** The offset of each input, in elements; a multiple of 64, so that the input can be bound by itself. */
  readonly offsets: readonly number[];
  readonly elements: number;
}

/** Tensors with their offsets. */
export function partsAt(offsets: readonly number[], tensors: readonly Tensor[]) {
  return tensors.map((tensor, i) => ({ tensor, first: offsets[i] ?? 0 }));
}

/**
 * Tensors x0, x1, … in one flat tensor of `elements`, each from its offset on; `offsets` are multiples of 64.
 */
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
  parts({ attrs, inputs, outputs: { packed } }) {
    return packed && { layout: "flat", whole: packed, parts: partsAt(attrs.offsets, Object.values(inputs)) };
  },
  lower({ attrs, inputRoles, input, output, isPlaced, copy }) {
    const packed = output("packed");
    for (const { tensor, first } of partsAt(attrs.offsets, inputRoles.map(input))) {
      if (!isPlaced(tensor, packed)) copy(tensor, packed, first);
    }
  },
  cost: (_inputs, outputs) => ({ flops: 0, bytes: outputs.packed ? byteSize(outputs.packed) : 0 }),
});
