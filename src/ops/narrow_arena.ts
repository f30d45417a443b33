// narrowArena: all weights of an arena in f16 at once: whole[i] = x[i]. Its further outputs are parts of `whole`, one
// a weight, at `offsets` (in elements); they have no kernel of their own. `mergeWeightCasts` makes it out of casts.

import shader from "../../shaders/cast/convert.wgsl";
import { byteSize, elementCount } from "../base/tensors.ts";
import { defineOperator, typeOf } from "../graph/operator.ts";
import { elementWorkgroups, lanesFor } from "./lanes.ts";

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
    const count = elementCount(y.shape);
    const { width, conditions } = lanesFor(count);
    dispatch(
      { name: "cast/convert", source: shader, conditions },
      {
        tensors: { x: input("x"), y },
        uniforms: { count: count / width },
        workgroups: elementWorkgroups(count / width),
      },
    );
  },
  cost: (inputs) => ({ flops: 0, bytes: 1.5 * byteSize(typeOf(inputs, "x")) }),
});
