// add and multiply, of operands of one shape, or with b [N, 1, 1, C] broadcast over the pixels of a; and the kernels of
// both forms, which scaledAdd uses as well.

import perChannelShader from "../../../shaders/elementwise/binary_per_channel.wgsl";
import sameShapeShader from "../../../shaders/elementwise/binary_same_shape.wgsl";
import { WeftError } from "../../base/errors.ts";
import {
  byteSize,
  elementCount,
  type Shape,
  sameShape,
  shapeText,
  type TensorType,
} from "../../base/tensors.ts";
import type { Tensor } from "../../graph/graph.ts";
import {
  type Cost,
  computeAgain,
  defineOperator,
  type Lowering,
  noAttributes,
  type Operator,
  type TypesByRole,
  typeOf,
} from "../../graph/operator.ts";
import { dispatchElements, lanesFor, perChannelWorkgroups } from "../common/lanes.ts";
import { floatTypeOf } from "../mixed_precision/cast.ts";
import { sumOverSpace } from "../reduce/sum_over_space.ts";

/** Whether b [N, 1, 1, C] is broadcast over the space of a [N, H, W, C]. */
function isPerChannel(a: Shape, b: Shape): boolean {
  return !sameShape(a, b) && a.length === 4 && sameShape(b, [a[0] ?? 0, 1, 1, a[3] ?? 0]);
}

/**
 * The shape rule of a and b.
 * @throws WeftError unless b has the shape of a or is [N, 1, 1, C].
 */
function inferBinary(operator: string, inputs: TypesByRole): { y: TensorType } {
  const a = typeOf(inputs, "a");
  const b = typeOf(inputs, "b");
  if (!sameShape(a.shape, b.shape) && !isPerChannel(a.shape, b.shape)) {
    const [n, , , c] = a.shape;
    const spread = a.shape.length === 4 ? ` or ${shapeText([n ?? 0, 1, 1, c ?? 0])}` : "";
    throw new WeftError(
      `${operator}: b expects ${shapeText(a.shape)}${spread} (as a) but is ${shapeText(b.shape)}`,
    );
  }
  return { y: a };
}

export interface BinaryKernel {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly y: Tensor;
  readonly multiply: boolean;
  /** Factor of b in a sum. */
  readonly scale?: number;
}

/** Lowers y = a + scale b or y = a b. */
export function lowerBinary({ dispatch }: Lowering<object>, kernel: BinaryKernel): void {
  const { a, b, y, multiply, scale = 1 } = kernel;
  const tensors = { a, b, y };
  if (!isPerChannel(a.shape, b.shape)) {
    const use = { name: "elementwise/binary_same_shape", source: sameShapeShader, conditions: { multiply } };
    dispatchElements(dispatch, use, elementCount(y.shape), tensors, { scale });
    return;
  }
  const [N = 0, H = 0, W = 0, C = 0] = a.shape;
  const { width, conditions } = lanesFor(C);
  dispatch(
    {
      name: "elementwise/binary_per_channel",
      source: perChannelShader,
      conditions: { ...conditions, multiply },
    },
    {
      tensors,
      uniforms: { pixels: H * W, channels: C / width, scale },
      workgroups: perChannelWorkgroups(N, H * W, C / width),
    },
  );
}

/** One operation per element; a, b and y are moved once. */
function binaryCost(inputs: TypesByRole, flopsPerElement = 1): Cost {
  const a = typeOf(inputs, "a");
  return {
    flops: flopsPerElement * elementCount(a.shape),
    bytes: 2 * byteSize(a) + byteSize(typeOf(inputs, "b")),
  };
}

/** y = a + b. Gradient: da = dy, db = dy, summed over space if b was broadcast. */
export const add = defineOperator({
  name: "add",
  recompute: computeAgain,
  inputs: ["a", "b"],
  attributes: noAttributes,
  infer: (inputs) => inferBinary("add", inputs),
  gradient({ graph, input, dOutput, wants }) {
    const dy = dOutput("y");
    const b = input("b");
    const isSpread = !sameShape(input("a").shape, b.shape);
    if (!isSpread || !wants("b")) return { a: dy, b: isSpread ? undefined : dy };
    const attrs = { keepDimensions: true, dtype: floatTypeOf(b) };
    return { a: dy, b: graph.applyOne(sumOverSpace, { x: dy }, attrs) };
  },
  lower(lowering) {
    const { input, output } = lowering;
    lowerBinary(lowering, { a: input("a"), b: input("b"), y: output("y"), multiply: false });
  },
  cost: (inputs) => binaryCost(inputs),
});

/** y = a b. Gradient: da = dy b, db = dy a, summed over space if b was broadcast. */
export const multiply: Operator = defineOperator({
  name: "multiply",
  recompute: computeAgain,
  inputs: ["a", "b"],
  attributes: noAttributes,
  infer: (inputs) => inferBinary("multiply", inputs),
  gradient({ graph, input, dOutput, wants }) {
    const dy = dOutput("y");
    const a = input("a");
    const b = input("b");
    const db = () =>
      sameShape(a.shape, b.shape)
        ? graph.applyOne(multiply, { a: dy, b: a })
        : graph.applyOne(sumOverSpace, { x: dy, r: a }, { keepDimensions: true, dtype: floatTypeOf(b) });
    return {
      a: wants("a") ? graph.applyOne(multiply, { a: dy, b }) : undefined,
      b: wants("b") ? db() : undefined,
    };
  },
  lower(lowering) {
    const { input, output } = lowering;
    lowerBinary(lowering, { a: input("a"), b: input("b"), y: output("y"), multiply: true });
  },
  cost: (inputs) => binaryCost(inputs),
});
