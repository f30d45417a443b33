// The affine transforms of augmentAffine and preprocess: a row of six numbers per image, as in keras.ops.image but
// without the last two zeros.

import { WeftError } from "../../base/errors.ts";
import { sameShape, shapeText } from "../../base/tensors.ts";
import { type TypesByRole, typeOf } from "../../graph/operator.ts";

/** @throws WeftError if `transform` is not [N, 6]. */
export function requireTransform(operator: string, inputs: TypesByRole, images: number): void {
  const { shape } = typeOf(inputs, "transform");
  if (!sameShape(shape, [images, 6])) {
    throw new WeftError(
      `${operator}: transform expects ${shapeText([images, 6])}, six numbers per image, but is ${shapeText(shape)}`,
    );
  }
}
