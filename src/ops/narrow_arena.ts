// narrowArena: all weights of an arena in f16 at once: whole[i] = x[i]. Its further outputs are parts of `whole`, one
// a weight, at `offsets` (in elements); they have no kernel of their own. `mergeWeightCasts` makes it out of casts.

import { byteSize, elementCount } from "../base/tensors.ts";
import { defineOperator, typeOf } from "../graph/operator.ts";
import { CONVERT } from "./cast.ts";
import { dispatchElements } from "./lanes.ts";

interface NarrowArenaAttributes {
  /** Where each part lies, in elements, in the order of the outputs beside `whole`. */
  readonly offsets: readonly number[];
}

export const narrowArena = defineOperator<NarrowArenaAttributes>({
  name: "narrowArena",
  inputs: ["x"],
  attributes: (read) => ({ offsets: read.wholeNumbers("offsets", [], 0) }),
  infer: (inputs) => ({ whole: { shape: typeOf(inputs, "x").shape, dtype: "f16" } }),
  lower({ input, output, dispatch }) {
    const y = output("whole");
    dispatchElements(dispatch, CONVERT, elementCount(y.shape), { x: input("x"), y });
  },
  cost: (inputs) => ({ flops: 0, bytes: 1.5 * byteSize(typeOf(inputs, "x")) }),
});
