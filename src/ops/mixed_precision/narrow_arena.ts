// narrowArena: all weights of an arena in f16 at once: whole[i] = x[i]. Its further outputs part0, part1, … are runs of
// `whole`, one per weight, and have no kernel of their own. passes/merge_weight_casts.ts creates it from casts.

import { WeftError } from "../../base/errors.ts";
import { byteSize, elementCount, type Shape, type TensorType } from "../../base/tensors.ts";
import { defineOperator, typeOf } from "../../graph/operator.ts";
import { dispatchElements } from "../common/lanes.ts";
import { partsAt } from "../layout/pack.ts";
import { CONVERT } from "./cast.ts";

interface NarrowArenaAttributes {
  /** The offset of each part, in elements, and its shape. */
  readonly offsets: readonly number[];
  readonly shapes: readonly Shape[];
}

/** The role of a part. */
export const partRole = (index: number) => `part${index}`;

/** An arena of f32 weights in f16, as a whole and as its parts, one a weight. */
export const narrowArena = defineOperator<NarrowArenaAttributes>({
  name: "narrowArena",
  inputs: ["x"],
  attributes: (read) => ({
    offsets: read.wholeNumbers("offsets", [], 0),
    shapes: read.shapes("shapes", []),
  }),
  infer(inputs, { offsets, shapes }) {
    const { shape } = typeOf(inputs, "x");
    const elements = elementCount(shape);
    if (shapes.length !== offsets.length) {
      throw new WeftError(`narrowArena: ${shapes.length} shapes but ${offsets.length} offsets`);
    }
    if (shapes.some((part, i) => (offsets[i] ?? 0) + elementCount(part) > elements)) {
      throw new WeftError(`narrowArena: the parts expect to lie within ${elements} elements`);
    }
    const outputs: Record<string, TensorType> = { whole: { shape, dtype: "f16" } };
    for (const [i, part] of shapes.entries()) outputs[partRole(i)] = { shape: part, dtype: "f16" };
    return outputs;
  },
  parts({ attrs, outputs: { whole, ...parts } }) {
    return whole && { layout: "flat", whole, parts: partsAt(attrs.offsets, Object.values(parts)) };
  },
  lower({ input, output, dispatch }) {
    const y = output("whole");
    dispatchElements(dispatch, CONVERT, elementCount(y.shape), { x: input("x"), y });
  },
  cost: (inputs) => ({ flops: 0, bytes: 1.5 * byteSize(typeOf(inputs, "x")) }),
});
