// All operator records, in the order of GOLDENS.md's table; those that it lacks come last.
import { gelu, hardSigmoid, relu, relu6, sigmoid, swish } from "./activations.ts";
import { adam } from "./adam.ts";
import { augmentAffine } from "./augment_affine.ts";
import { avgPool2d } from "./avg_pool2d.ts";
import { batchNorm } from "./batch_norm.ts";
import { add, multiply } from "./binary.ts";
import { concat } from "./concat.ts";
import { conv2d } from "./conv2d.ts";
import { crop2d } from "./crop2d.ts";
import { dense } from "./dense.ts";
import { depthwiseConv2d } from "./depthwise_conv2d.ts";
import { globalAvgPool2d } from "./global_avg_pool2d.ts";
import { globalMaxPool2d } from "./global_max_pool2d.ts";
import { maxPool2d } from "./max_pool2d.ts";
import type { OperatorRecord } from "./reference.ts";
import { rescale } from "./rescale.ts";
import { reshape } from "./reshape.ts";
import { resizeBilinear } from "./resize_bilinear.ts";
import { scaledAdd } from "./scaled_add.ts";
import { softmax } from "./softmax.ts";
import { softmaxCrossEntropy } from "./softmax_cross_entropy.ts";
import { sum } from "./sum.ts";
import { zeroPad2d } from "./zero_pad2d.ts";

export const records: readonly OperatorRecord[] = [
  conv2d,
  depthwiseConv2d,
  dense,
  maxPool2d,
  avgPool2d,
  globalAvgPool2d,
  globalMaxPool2d,
  batchNorm,
  relu,
  relu6,
  sigmoid,
  swish,
  gelu,
  hardSigmoid,
  softmax,
  add,
  multiply,
  scaledAdd,
  concat,
  zeroPad2d,
  crop2d,
  softmaxCrossEntropy,
  adam,
  resizeBilinear,
  augmentAffine,
  reshape,
  rescale,
  sum,
];
