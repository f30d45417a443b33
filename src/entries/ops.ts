/**
 * The operators that networks are made of, all others by name in `OPERATORS`; the optimizers.
 *
 * @module weft/ops
 */

export { batchNorm } from "../ops/batch_norm/batch_norm.ts";
export { conv2d } from "../ops/conv2d/conv2d.ts";
export { dense } from "../ops/conv2d/dense.ts";
export { depthwiseConv2d } from "../ops/conv2d/depthwise_conv2d.ts";
export { gelu, hardSigmoid, relu, relu6, sigmoid, swish } from "../ops/elementwise/activations.ts";
export { add, multiply } from "../ops/elementwise/binary.ts";
export { dropout } from "../ops/elementwise/dropout.ts";
export type { Activation as FusedActivation } from "../ops/elementwise/fused_activation.ts";
export { scaledAdd } from "../ops/elementwise/scaled_add.ts";
export { sum, sumOf } from "../ops/elementwise/sum.ts";
export { augmentAffine } from "../ops/image/augment_affine.ts";
export { PREPROCESS_MODES, type PreprocessMode, preprocess } from "../ops/image/preprocess.ts";
export { rescale } from "../ops/image/rescale.ts";
export { resizeBilinear } from "../ops/image/resize_bilinear.ts";
export { concat, slice } from "../ops/layout/concat.ts";
export { pack } from "../ops/layout/pack.ts";
export { reshape } from "../ops/layout/reshape.ts";
export { crop2d, zeroPad2d } from "../ops/layout/zero_pad2d.ts";
export { softmax } from "../ops/loss/softmax.ts";
export { softmaxCrossEntropy } from "../ops/loss/softmax_cross_entropy.ts";
export { cast } from "../ops/mixed_precision/cast.ts";
export { OPERATORS } from "../ops/operators.ts";
export {
  defineOptimizer,
  type Optimizer,
  type OptimizerDefinition,
  type UpdateAttributes,
} from "../ops/optimizers/optimizer.ts";
export { OPTIMIZERS, type OptimizerName } from "../ops/optimizers/optimizers.ts";
export { avgPool2d } from "../ops/pooling/avg_pool2d.ts";
export { globalAvgPool2d } from "../ops/pooling/global_avg_pool2d.ts";
export { globalMaxPool2d } from "../ops/pooling/global_max_pool2d.ts";
export { maxPool2d } from "../ops/pooling/max_pool2d.ts";
export { sumRows } from "../ops/reduce/column_sums.ts";
export { spreadOverSpace, sumOverSpace } from "../ops/reduce/sum_over_space.ts";
