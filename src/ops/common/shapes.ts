// Shape rules that several operators share.

import { WeftError } from "../../base/errors.ts";
import { requireRank, sameShape, shapeText } from "../../base/tensors.ts";
import { type TypesByRole, typeOf } from "../../graph/operator.ts";

/** The sizes of an input [N, H, W, C]. */
export interface ImageSizes {
  readonly N: number;
  readonly H: number;
  readonly W: number;
  readonly C: number;
}

/**
 * Reads an input that must be a batch of images.
 * @throws WeftError if it does not have four dimensions.
 */
export function imageSizes(operator: string, inputs: TypesByRole, role: string): ImageSizes {
  const [N = 0, H = 0, W = 0, C = 0] = requireRank(operator, role, typeOf(inputs, role).shape, 4);
  return { N, H, W, C };
}

/** @throws WeftError if an input does not have the shape of another. */
export function requireSameShape(operator: string, inputs: TypesByRole, role: string, like: string): void {
  const expected = typeOf(inputs, like).shape;
  const { shape } = typeOf(inputs, role);
  if (!sameShape(shape, expected)) {
    throw new WeftError(
      `${operator}: ${role} expects the shape of ${like}, ${shapeText(expected)}, but is ${shapeText(shape)}`,
    );
  }
}
