// MobileNetV2: inverted residuals with linear bottlenecks (Sandler et al. 2018), named and structured
// as keras.applications.MobileNetV2. Sizes in comments are those of a 224 x 224 image, alpha 1.

import type { Tensor } from "../graph/graph.ts";
import type { Layers } from "../nn/layers.ts";
import { type Backbone, denseTopOrPooling, makeDivisible, stridedDepthwise } from "./backbone.ts";

const BATCH_NORM = { epsilon: 1e-3, momentum: 0.999 } as const;

/** MobileNetV2 (Sandler et al. 2018), as keras.applications.MobileNetV2. */
export const mobileNetV2: Backbone = {
  name: "MobileNetV2",
  defaultSize: 224,
  minSize: 32,
  preprocessing: "tf",
  batchNormMomentum: BATCH_NORM.momentum,
  hasAlpha: true,
  build(layers, image, config) {
    const { alpha = 1 } = config;
    const block = (x: Tensor, id: number, width: number, stride: 1 | 2, expansion = 6) => {
      const filters = makeDivisible(Math.trunc(width * alpha), 8);
      return layers.block(`block_${id}`, () =>
        invertedResidual(layers, x, { id, filters, stride, expansion }),
      );
    };

    // Stem: 112 x 112 x 32
    let x = layers.conv2D(image, {
      filters: makeDivisible(32 * alpha, 8),
      kernelSize: 3,
      strides: 2,
      padding: "same",
      useBias: false,
      name: "Conv1",
    });
    x = layers.batchNormalization(x, { ...BATCH_NORM, name: "bn_Conv1" });
    x = layers.reLU(x, { maxValue: 6, name: "Conv1_relu" });

    // 112 x 112 x 16
    x = block(x, 0, 16, 1, 1);
    // 56 x 56 x 24
    x = block(x, 1, 24, 2);
    x = block(x, 2, 24, 1);
    // 28 x 28 x 32
    x = block(x, 3, 32, 2);
    x = block(x, 4, 32, 1);
    x = block(x, 5, 32, 1);
    // 14 x 14 x 64
    x = block(x, 6, 64, 2);
    x = block(x, 7, 64, 1);
    x = block(x, 8, 64, 1);
    x = block(x, 9, 64, 1);
    // 14 x 14 x 96
    x = block(x, 10, 96, 1);
    x = block(x, 11, 96, 1);
    x = block(x, 12, 96, 1);
    // 7 x 7 x 160
    x = block(x, 13, 160, 2);
    x = block(x, 14, 160, 1);
    x = block(x, 15, 160, 1);
    // 7 x 7 x 320
    x = block(x, 16, 320, 1);

    // Head: 7 x 7 x 1280; alpha widens it but does not narrow it
    const filters = alpha > 1 ? makeDivisible(1280 * alpha, 8) : 1280;
    x = layers.conv2D(x, { filters, kernelSize: 1, useBias: false, name: "Conv_1" });
    x = layers.batchNormalization(x, { ...BATCH_NORM, name: "Conv_1_bn" });
    x = layers.reLU(x, { maxValue: 6, name: "out_relu" });
    return denseTopOrPooling(layers, x, config);
  },
};

/** Expands with a 1x1 convolution, filters each channel 3x3, projects back; adds the input if the shapes match. */
function invertedResidual(
  layers: Layers,
  input: Tensor,
  block: { id: number; filters: number; stride: 1 | 2; expansion: number },
): Tensor {
  const { id, filters, stride, expansion } = block;
  const channels = input.shape[3] ?? 0;
  const prefix = id > 0 ? `block_${id}_` : "expanded_conv_";
  let x = input;
  if (id > 0) {
    x = layers.conv2D(x, {
      filters: expansion * channels,
      kernelSize: 1,
      padding: "same",
      useBias: false,
      name: `${prefix}expand`,
    });
    x = layers.batchNormalization(x, { ...BATCH_NORM, name: `${prefix}expand_BN` });
    x = layers.reLU(x, { maxValue: 6, name: `${prefix}expand_relu` });
  }
  x = stridedDepthwise(layers, x, {
    kernelSize: 3,
    strides: stride,
    name: `${prefix}depthwise`,
    padName: `${prefix}pad`,
  });
  x = layers.batchNormalization(x, { ...BATCH_NORM, name: `${prefix}depthwise_BN` });
  x = layers.reLU(x, { maxValue: 6, name: `${prefix}depthwise_relu` });
  x = layers.conv2D(x, { filters, kernelSize: 1, padding: "same", useBias: false, name: `${prefix}project` });
  const isResidual = channels === filters && stride === 1;
  // A residual branch starts at zero, so that a network with random weights starts shallow (Goyal et al. 2017).
  const gammaInitializer = isResidual ? "zeros" : "ones";
  x = layers.batchNormalization(x, { ...BATCH_NORM, gammaInitializer, name: `${prefix}project_BN` });
  return isResidual ? layers.add([input, x], { name: `${prefix}add` }) : x;
}
