// dense: the heads, and ImageNet's top.

import { fewChannels, type OperatorCase, smallShape } from "./bench_case.ts";
import { SHAPES } from "./shapes.ts";

export const denseCases: readonly OperatorCase[] = SHAPES.dense.map(({ name, of, x, w, quick = false }) => {
  const [inputs = 1, units = 1] = w;
  return {
    op: "dense",
    name,
    of,
    isQuick: quick,
    real: { attrs: {}, inputs: { x: { shape: x }, w: { shape: w }, b: { shape: [units] } } },
    small: {
      attrs: {},
      inputs: {
        x: { shape: smallShape(x) },
        w: { shape: [fewChannels(inputs), fewChannels(units)] },
        b: { shape: [fewChannels(units)] },
      },
    },
    passes: { forward: [], dataGradient: ["x"], weightGradient: ["w", "b"] },
    isConvolution: true,
  };
});
