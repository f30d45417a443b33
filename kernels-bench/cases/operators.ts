// All cases of operators. There is one file of cases per operator, or per family of operators that are one pass over
// memory.

import { batchNormCases } from "./batch_norm.ts";
import type { OperatorCase } from "./bench_case.ts";
import { conv2dCases } from "./conv2d.ts";
import { denseCases } from "./dense.ts";
import { depthwiseConv2dCases } from "./depthwise_conv2d.ts";
import { dropoutCases } from "./dropout.ts";
import { elementwiseCases } from "./elementwise.ts";
import { imageCases } from "./images.ts";
import { joiningCases } from "./joining.ts";
import { mixedPrecisionCases } from "./mixed_precision.ts";
import { optimizerCases } from "./optimizers.ts";
import { poolingCases } from "./pooling.ts";
import { softmaxCrossEntropyCases } from "./softmax_cross_entropy.ts";

export const OPERATOR_CASES: readonly OperatorCase[] = [
  ...conv2dCases,
  ...depthwiseConv2dCases,
  ...denseCases,
  ...poolingCases,
  ...batchNormCases,
  ...elementwiseCases,
  ...joiningCases,
  ...softmaxCrossEntropyCases,
  ...dropoutCases,
  ...imageCases,
  ...optimizerCases,
  ...mixedPrecisionCases,
];
