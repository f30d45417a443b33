// Cases of the two convolutions, from their shapes.

import type { RawAttributes } from "../../src/graph/attributes.ts";
import { fewChannels, type OperatorCase, type OperatorForm, type Pass, smallShape } from "./bench_case.ts";
import type { ConvolutionShape } from "./shapes.ts";

const PASSES: Readonly<Partial<Record<Pass, readonly string[]>>> = {
  forward: [],
  dataGradient: ["x"],
  weightGradient: ["w"],
};

/** Rows and columns of a small image; larger kernels need more. */
const SMALL_IMAGE = 9;

/** A case of conv2d or depthwiseConv2d. */
export function convolutionCase(
  op: "conv2d" | "depthwiseConv2d",
  shape: ConvolutionShape,
  more: RawAttributes = {},
): OperatorCase {
  const { name, of, x, w, strides, padding, passes, quick = false } = shape;
  const attrs = { strides, padding, dilations: [1, 1], ...more };
  const [R = 1, S = 1, C = 1, K = 1] = w;
  const real: OperatorForm = { attrs, inputs: { x: { shape: x }, w: { shape: w } } };
  const small: OperatorForm = {
    attrs,
    inputs: {
      x: { shape: smallShape(x, SMALL_IMAGE + Math.max(R, S) - 1) },
      w: { shape: [R, S, fewChannels(C), fewChannels(K)] },
    },
  };
  const wanted = Object.entries(PASSES).filter(([pass]) => passes?.includes(pass as Pass) ?? true);
  return {
    op,
    name,
    of,
    isQuick: quick,
    real,
    small,
    passes: Object.fromEntries(wanted),
    isConvolution: true,
  };
}
