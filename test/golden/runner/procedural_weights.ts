// Procedural weights: every element is a function of the weight's name, a seed and its index, so that
// golden cases of large networks need no large files. Constants and kinds are the golden format's.

import { hashName } from "../../../src/base/random.ts";
import { elementCount, type Shape } from "../../../src/base/tensors.ts";

const GOLDEN_RATIO = 0x9e3779b9;

/** Uniform in [0, 1) for element `index` of the stream that starts at `start`. */
function uniformAt(start: number, index: number): number {
  let z = (start + Math.imul(index + 1, GOLDEN_RATIO)) >>> 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return ((z ^ (z >>> 16)) >>> 0) / 4294967296;
}

/** How a kind of weight is made from u in [0, 1), by the last part of its name. */
function scaleOf(weight: string, shape: Shape): (u: number) => number {
  switch (weight) {
    case "bias":
    case "beta":
    case "moving_mean":
      return (u) => (2 * u - 1) * 0.1;
    case "gamma":
      return (u) => 0.8 + 0.4 * u;
    case "moving_variance":
      return (u) => 0.5 + u;
    // A normalization layer leaves its input as it is.
    case "mean":
    case "count":
      return () => 0;
    case "variance":
      return () => 1;
    default: {
      const isDepthwise = weight === "depthwise_kernel";
      const fanIn = elementCount(isDepthwise ? shape.slice(0, 2) : shape.slice(0, -1));
      const limit = Math.sqrt(6 / fanIn);
      return (u) => (2 * u - 1) * limit;
    }
  }
}

/** The values of the weight `layer/weight`, row-major in Keras' shape. */
export function proceduralWeight(name: string, shape: Shape, seed: number): Float32Array<ArrayBuffer> {
  const start = (hashName(name) ^ Math.imul(seed, GOLDEN_RATIO)) >>> 0;
  const scale = scaleOf(name.slice(name.lastIndexOf("/") + 1), shape);
  const values = new Float32Array(elementCount(shape));
  for (let i = 0; i < values.length; i++) values[i] = scale(uniformAt(start, i));
  return values;
}
