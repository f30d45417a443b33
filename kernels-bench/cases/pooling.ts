// maxPool2d, avgPool2d, globalMaxPool2d, globalAvgPool2d.

import { type OperatorCase, smallShape } from "./bench_case.ts";
import { SHAPES } from "./shapes.ts";

const GRADIENT_BY_X = { forward: [], gradient: ["x"] } as const;

const windowed = (["maxPool2d", "avgPool2d"] as const).flatMap((op) =>
  SHAPES[op].map(({ name, of, x, size, strides, padding, quick = false }): OperatorCase => {
    const countIncludePad = op === "avgPool2d" ? { countIncludePad: false } : {};
    const attrs = { size, strides, padding, ...countIncludePad };
    return {
      op,
      name,
      of,
      isQuick: quick,
      real: { attrs, inputs: { x: { shape: x } } },
      small: { attrs, inputs: { x: { shape: smallShape(x) } } },
      passes: GRADIENT_BY_X,
    };
  }),
);

const global = (["globalAvgPool2d", "globalMaxPool2d"] as const).flatMap((op) =>
  SHAPES[op].map(
    ({ name, of, x, quick = false }): OperatorCase => ({
      op,
      name,
      of,
      isQuick: quick,
      real: { attrs: {}, inputs: { x: { shape: x } } },
      small: { attrs: {}, inputs: { x: { shape: smallShape(x) } } },
      passes: GRADIENT_BY_X,
    }),
  ),
);

export const poolingCases: readonly OperatorCase[] = [...windowed, ...global];
