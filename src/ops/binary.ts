// What add, scaledAdd and multiply share: operands of one shape, or b [N, 1, 1, C] meeting every pixel of
// its image and channel; and the kernels of both forms.

import perChannelShader from "../../shaders/binary/per_channel.wgsl";
import sameShapeShader from "../../shaders/binary/same_shape.wgsl";
import { WeftError } from "../base/errors.ts";
import {
  byteSize,
  elementCount,
  type Shape,
  sameShape,
  shapeText,
  type TensorType,
} from "../base/tensors.ts";
import type { Tensor } from "../graph/graph.ts";
import { type Cost, type Lowering, type TypesByRole, typeOf } from "../graph/operator.ts";
import { dispatchElements, lanesFor } from "./lanes.ts";

/** Pixels that a thread of the per-channel kernels handles; see shaders/binary and shaders/space. */
const PIXELS_PER_THREAD = 8;

/** Whether b [N, 1, 1, C] is spread over the space of a [N, H, W, C]. */
function isPerChannel(a: Shape, b: Shape): boolean {
  return !sameShape(a, b) && a.length === 4 && sameShape(b, [a[0] ?? 0, 1, 1, a[3] ?? 0]);
}

/**
 * The shape rule of a and b.
 * @throws WeftError unless b has the shape of a or is [N, 1, 1, C].
 */
export function inferBinary(operator: string, inputs: TypesByRole): { y: TensorType } {
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
    const use = { name: "binary/same_shape", source: sameShapeShader, conditions: { multiply } };
    dispatchElements(dispatch, use, elementCount(y.shape), tensors, { scale });
    return;
  }
  const [N = 0, H = 0, W = 0, C = 0] = a.shape;
  const { width, conditions } = lanesFor(C);
  dispatch(
    { name: "binary/per_channel", source: perChannelShader, conditions: { ...conditions, multiply } },
    {
      tensors,
      uniforms: { pixels: H * W, channels: C / width, scale },
      workgroups: perChannelWorkgroups(N, H * W, C / width),
    },
  );
}

/** The grid of a kernel whose threads handle one channel of several neighbouring pixels of an image. */
export function perChannelWorkgroups(
  images: number,
  pixels: number,
  channels: number,
): [number, number, number] {
  return [Math.ceil((Math.ceil(pixels / PIXELS_PER_THREAD) * channels) / 64), images, 1];
}

/** One operation an element; a, b and y moved once. */
export function binaryCost(inputs: TypesByRole, flopsPerElement = 1): Cost {
  const a = typeOf(inputs, "a");
  return {
    flops: flopsPerElement * elementCount(a.shape),
    bytes: 2 * byteSize(a) + byteSize(typeOf(inputs, "b")),
  };
}
