// cast: y = x in another element type: f32 weights and features to f16 and back. Gradient: dy in the type of x. A
// gradient that already has that type is passed on unchanged, such as the weight gradients that convolutions compute in
// f32.

import shader from "../../../shaders/mixed_precision/convert.wgsl";
import { byteSize, elementCount } from "../../base/tensors.ts";
import type { Tensor } from "../../graph/graph.ts";
import { defineOperator, type GraphBuilder, type Operator, typeOf } from "../../graph/operator.ts";
import { dispatchElements } from "../common/lanes.ts";

/** y = x, whatever the two types are. */
export const CONVERT = { name: "mixed_precision/convert", source: shader };

interface CastAttributes {
  readonly dtype: "f32" | "f16";
}

/** x in another element type. Attribute: `dtype`, `f32` or `f16`. */
export const cast: Operator<CastAttributes> = defineOperator<CastAttributes>({
  name: "cast",
  inputs: ["x"],
  attributes: (read) => ({ dtype: read.choice("dtype", ["f32", "f16"]) }),
  infer: (inputs, { dtype }) => ({ y: { shape: typeOf(inputs, "x").shape, dtype } }),
  gradient({ graph, input, dOutput }) {
    const dy = dOutput("y");
    const { dtype } = input("x");
    return dy && (dtype === "f32" || dtype === "f16") ? { x: castTo(graph, dy, dtype) } : {};
  },
  lower({ input, output, dispatch }) {
    const y = output("y");
    dispatchElements(dispatch, CONVERT, elementCount(y.shape), { x: input("x"), y });
  },
  cost: (inputs, outputs) => ({
    flops: 0,
    bytes: byteSize(typeOf(inputs, "x")) + byteSize(typeOf(outputs, "y")),
  }),
});

/** @throws Error if a tensor does not hold floats; gradients do. */
export function floatTypeOf({ name, dtype }: Tensor): CastAttributes["dtype"] {
  if (dtype !== "f32" && dtype !== "f16") throw new Error(`${name} is ${dtype}, not f32 or f16`);
  return dtype;
}

/** The tensor in an element type; the tensor itself if it already has that type. */
export function castTo(
  graph: GraphBuilder,
  x: Tensor,
  dtype: CastAttributes["dtype"],
  name?: string,
): Tensor {
  return x.dtype === dtype ? x : graph.applyOne(cast, { x }, { dtype }, name);
}
