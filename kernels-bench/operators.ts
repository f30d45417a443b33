// All cases of operators. A file of cases per operator, or per family of operators that are one pass over memory.

import type { OperatorCase } from "./bench_case.ts";
import { batchNormCases } from "./cases/batch_norm.ts";
import { conv2dCases } from "./cases/conv2d.ts";
import { denseCases } from "./cases/dense.ts";
import { depthwiseConv2dCases } from "./cases/depthwise_conv2d.ts";
import { dropoutCases } from "./cases/dropout.ts";
import { elementwiseCases } from "./cases/elementwise.ts";
import { imageCases } from "./cases/images.ts";
import { joiningCases } from "./cases/joining.ts";
import { mixedPrecisionCases } from "./cases/mixed_precision.ts";
import { optimizerCases } from "./cases/optimizers.ts";
import { poolingCases } from "./cases/pooling.ts";
import { softmaxCrossEntropyCases } from "./cases/softmax_cross_entropy.ts";

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
