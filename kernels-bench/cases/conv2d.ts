// conv2d: the convolutions that the supported networks spend their time in.

import type { OperatorCase } from "./bench_case.ts";
import { convolutionCase } from "./convolution_case.ts";
import { SHAPES } from "./shapes.ts";

export const conv2dCases: readonly OperatorCase[] = SHAPES.conv2d.map((shape) =>
  convolutionCase("conv2d", shape, { groups: 1 }),
);
