// The registry: every operator by name. The operators that only gradients use come last.

import type { Operator } from "../graph/operator.ts";
import { batchNorm, batchNormGradient } from "./batch_norm/batch_norm.ts";
import { movingStatistics } from "./batch_norm/moving_statistics.ts";
import { normalize } from "./batch_norm/normalize.ts";
import { conv2d, conv2dDataGradient, conv2dWeightGradient } from "./conv2d/conv2d.ts";
import { dense, denseDataGradient, denseWeightGradient } from "./conv2d/dense.ts";
import {
  depthwiseConv2d,
  depthwiseConv2dDataGradient,
  depthwiseConv2dWeightGradient,
} from "./conv2d/depthwise_conv2d.ts";
import { foldWeights } from "./conv2d/fold_weights.ts";
import {
  gelu,
  geluGradient,
  hardSigmoid,
  hardSigmoidGradient,
  relu,
  relu6,
  relu6Gradient,
  reluGradient,
  sigmoid,
  sigmoidGradient,
  swish,
  swishGradient,
} from "./elementwise/activations.ts";
import { add, multiply } from "./elementwise/binary.ts";
import { dropout } from "./elementwise/dropout.ts";
import { residualSplit } from "./elementwise/residual_split.ts";
import { scaledAdd, scaledAddGradient } from "./elementwise/scaled_add.ts";
import { sum } from "./elementwise/sum.ts";
import { augmentAffine, augmentAffineGradient } from "./image/augment_affine.ts";
import { preprocess } from "./image/preprocess.ts";
import { rescale } from "./image/rescale.ts";
import { resizeBilinear, resizeBilinearGradient } from "./image/resize_bilinear.ts";
import { concat, slice } from "./layout/concat.ts";
import { pack } from "./layout/pack.ts";
import { reshape } from "./layout/reshape.ts";
import { crop2d, zeroPad2d } from "./layout/zero_pad2d.ts";
import { softmax, softmaxGradient } from "./loss/softmax.ts";
import { softmaxCrossEntropy, softmaxCrossEntropyGradient } from "./loss/softmax_cross_entropy.ts";
import { cast } from "./mixed_precision/cast.ts";
import { findInfinite } from "./mixed_precision/find_infinite.ts";
import { lossScaleSeed, lossScaleUpdate, revertSkipped } from "./mixed_precision/loss_scale.ts";
import { narrowArena } from "./mixed_precision/narrow_arena.ts";
import { increment } from "./optimizers/increment.ts";
import { OPTIMIZERS } from "./optimizers/optimizers.ts";
import { avgPool2d, avgPool2dGradient } from "./pooling/avg_pool2d.ts";
import { globalAvgPool2d } from "./pooling/global_avg_pool2d.ts";
import { globalMaxPool2d, globalMaxPool2dGradient } from "./pooling/global_max_pool2d.ts";
import { maxPool2d, maxPool2dGradient } from "./pooling/max_pool2d.ts";
import { sumRows } from "./reduce/column_sums.ts";
import { spreadOverSpace, sumOverSpace } from "./reduce/sum_over_space.ts";

const ALL: readonly Operator[] = [
  conv2d,
  depthwiseConv2d,
  dense,
  globalAvgPool2d,
  globalMaxPool2d,
  avgPool2d,
  maxPool2d,
  batchNorm,
  softmaxCrossEntropy,
  ...Object.values(OPTIMIZERS).map(({ operator }): Operator => operator),
  dropout,
  pack,
  increment,
  relu,
  relu6,
  sigmoid,
  swish,
  hardSigmoid,
  gelu,
  softmax,
  add,
  multiply,
  scaledAdd,
  concat,
  zeroPad2d,
  reshape,
  sum,
  rescale,
  resizeBilinear,
  augmentAffine,
  crop2d,
  preprocess,
  cast,
  narrowArena,
  lossScaleSeed,
  findInfinite,
  lossScaleUpdate,
  revertSkipped,
  conv2dDataGradient,
  conv2dWeightGradient,
  depthwiseConv2dDataGradient,
  depthwiseConv2dWeightGradient,
  denseDataGradient,
  denseWeightGradient,
  sumRows,
  batchNormGradient,
  normalize,
  movingStatistics,
  foldWeights,
  softmaxCrossEntropyGradient,
  maxPool2dGradient,
  avgPool2dGradient,
  scaledAddGradient,
  residualSplit,
  slice,
  globalMaxPool2dGradient,
  softmaxGradient,
  resizeBilinearGradient,
  augmentAffineGradient,
  reluGradient,
  relu6Gradient,
  sigmoidGradient,
  swishGradient,
  hardSigmoidGradient,
  geluGradient,
  sumOverSpace,
  spreadOverSpace,
];

/** Operators by the names that graphs, golden files and profiles use. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  ALL.map((operator) => [operator.name, operator]),
);
