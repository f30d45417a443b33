// The registry: every operator by name. The operators that only gradients use come last.

import type { Operator } from "../graph/operator.ts";
import { adam } from "./adam.ts";
import { add } from "./add.ts";
import { augmentAffine, augmentAffineGradient } from "./augment_affine.ts";
import { avgPool2d, avgPool2dGradient } from "./avg_pool2d.ts";
import { batchNorm, batchNormGradient } from "./batch_norm.ts";
import { cast } from "./cast.ts";
import { concat, slice } from "./concat.ts";
import { conv2d, conv2dDataGradient, conv2dWeightGradient } from "./conv2d.ts";
import { crop2d } from "./crop2d.ts";
import { dense, denseDataGradient, denseWeightGradient } from "./dense.ts";
import {
  depthwiseConv2d,
  depthwiseConv2dDataGradient,
  depthwiseConv2dWeightGradient,
} from "./depthwise_conv2d.ts";
import { dropout } from "./dropout.ts";
import { findInfinite } from "./find_infinite.ts";
import { foldWeights } from "./fold_weights.ts";
import { globalAvgPool2d } from "./global_avg_pool2d.ts";
import { globalMaxPool2d, globalMaxPool2dGradient } from "./global_max_pool2d.ts";
import { hardSigmoid, hardSigmoidGradient } from "./hard_sigmoid.ts";
import { increment } from "./increment.ts";
import { lossScaleSeed } from "./loss_scale_seed.ts";
import { lossScaleUpdate } from "./loss_scale_update.ts";
import { maxPool2d, maxPool2dGradient } from "./max_pool2d.ts";
import { movingStatistics } from "./moving_statistics.ts";
import { multiply } from "./multiply.ts";
import { narrowArena } from "./narrow_arena.ts";
import { normalize } from "./normalize.ts";
import { pack } from "./pack.ts";
import { preprocess } from "./preprocess.ts";
import { relu, reluGradient } from "./relu.ts";
import { relu6, relu6Gradient } from "./relu6.ts";
import { rescale } from "./rescale.ts";
import { reshape } from "./reshape.ts";
import { residualSplit } from "./residual_split.ts";
import { resizeBilinear, resizeBilinearGradient } from "./resize_bilinear.ts";
import { revertSkipped } from "./revert_skipped.ts";
import { scaledAdd, scaledAddGradient } from "./scaled_add.ts";
import { sgd } from "./sgd.ts";
import { sigmoid, sigmoidGradient } from "./sigmoid.ts";
import { softmax, softmaxGradient } from "./softmax.ts";
import { softmaxCrossEntropy, softmaxCrossEntropyGradient } from "./softmax_cross_entropy.ts";
import { sum } from "./sum.ts";
import { spreadOverSpace, sumOverSpace } from "./sum_over_space.ts";
import { sumRows } from "./sum_rows.ts";
import { swish, swishGradient } from "./swish.ts";
import { zeroPad2d } from "./zero_pad2d.ts";

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
  adam,
  sgd,
  dropout,
  pack,
  increment,
  relu,
  relu6,
  sigmoid,
  swish,
  hardSigmoid,
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
  sumOverSpace,
  spreadOverSpace,
];

/** Operators by the names that graphs, golden files and profiles use. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  ALL.map((operator) => [operator.name, operator]),
);
