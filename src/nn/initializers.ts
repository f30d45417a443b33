// Initial values of weights, drawn on the host. They depend only on the seed and the weight's name, so a model starts
// with the same values whatever was built before it.

import { RandomStream } from "../base/random.ts";
import { elementCount, type Shape } from "../base/tensors.ts";

/** How a weight begins, by Keras' name; `initialValues` draws it. */
export type Initializer = "glorotUniform" | "zeros" | "ones";

/**
 * Values of a new weight.
 * @param spec the weight, its shape as in Keras; glorotUniform's limit is sqrt(6 / (fanIn + fanOut)), with
 * fans as Keras counts them: the product of all but the last two dimensions times the one before the last, or times the
 * last.
 * @param seed the seed of all weights: each weight draws from a stream of its own, chosen by its name
 */
export function initialValues(
  spec: { readonly name: string; readonly shape: Shape; readonly initializer: Initializer },
  seed: number,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(elementCount(spec.shape));
  if (spec.initializer === "zeros") return values;
  if (spec.initializer === "ones") return values.fill(1);
  const receptive = elementCount(spec.shape.slice(0, -2));
  const fanIn = receptive * (spec.shape.at(-2) ?? 1);
  const fanOut = receptive * (spec.shape.at(-1) ?? 1);
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  const random = new RandomStream(seed, spec.name);
  return values.map(() => random.between(-limit, limit));
}
