// depthwiseConv2d: 3x3, 5x5 and 7x7, of stride 1 and 2.

import type { OperatorCase } from "./bench_case.ts";
import { convolutionCase } from "./convolution_case.ts";
import { SHAPES } from "./shapes.ts";

export const depthwiseConv2dCases: readonly OperatorCase[] = SHAPES.depthwiseConv2d.map((shape) =>
  convolutionCase("depthwiseConv2d", shape),
);
