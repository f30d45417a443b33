// MobileNet: depthwise separable convolutions (Howard et al. 2017), named and structured as
// keras.applications.MobileNet. Sizes in comments are those of a 224 x 224 image, alpha 1.

import { WeftError } from "../base/errors.ts";
import type { Tensor } from "../graph/graph.ts";
import type { Layers } from "../nn/layers.ts";
import { type Backbone, type BackboneConfig, poolFeatures } from "./backbone.ts";

const BATCH_NORM = { epsilon: 1e-3, momentum: 0.99 } as const;
const FIRST_FILTERS = 32;

/** MobileNet (Howard et al. 2017), as keras.applications.MobileNet. */
export const mobileNet: Backbone = {
  name: "MobileNet",
  defaultSize: 224,
  minSize: 32,
  preprocessing: "tf",
  batchNormMomentum: BATCH_NORM.momentum,
  hasAlpha: true,
  build(layers, image, config) {
    const { alpha = 1, includeTop = true } = config;
    if (Math.trunc(FIRST_FILTERS * alpha) === 0) {
      const least = 1 / FIRST_FILTERS;
      throw new WeftError(
        `MobileNet's alpha expects at least ${least}, for a filter or more, received ${alpha}`,
      );
    }
    const block = (x: Tensor, id: number, width: number, stride: 1 | 2) => {
      const filters = Math.trunc(width * alpha);
      return layers.block(`block_${id}`, () => separableBlock(layers, x, { id, filters, stride }));
    };

    // Stem: 112 x 112 x 32
    let x = layers.conv2D(image, {
      filters: Math.trunc(FIRST_FILTERS * alpha),
      kernelSize: 3,
      strides: 2,
      padding: "same",
      useBias: false,
      name: "conv1",
    });
    x = layers.batchNormalization(x, { ...BATCH_NORM, name: "conv1_bn" });
    x = layers.reLU(x, { maxValue: 6, name: "conv1_relu" });

    // 112 x 112 x 64
    x = block(x, 1, 64, 1);
    // 56 x 56 x 128
    x = block(x, 2, 128, 2);
    x = block(x, 3, 128, 1);
    // 28 x 28 x 256
    x = block(x, 4, 256, 2);
    x = block(x, 5, 256, 1);
    // 14 x 14 x 512
    x = block(x, 6, 512, 2);
    x = block(x, 7, 512, 1);
    x = block(x, 8, 512, 1);
    x = block(x, 9, 512, 1);
    x = block(x, 10, 512, 1);
    x = block(x, 11, 512, 1);
    // 7 x 7 x 1024
    x = block(x, 12, 1024, 2);
    x = block(x, 13, 1024, 1);

    return includeTop ? convolutionalTop(layers, x, config) : poolFeatures(layers, x, config);
  },
};

/** A 3x3 depthwise convolution, then a 1x1 convolution over the channels. */
function separableBlock(
  layers: Layers,
  input: Tensor,
  { id, filters, stride }: { id: number; filters: number; stride: 1 | 2 },
): Tensor {
  let x = input;
  if (stride === 2) {
    const padding = [
      [0, 1],
      [0, 1],
    ] as const;
    x = layers.zeroPadding2D(x, { padding, name: `conv_pad_${id}` });
  }
  x = layers.depthwiseConv2D(x, {
    kernelSize: 3,
    strides: stride,
    padding: stride === 1 ? "same" : "valid",
    useBias: false,
    name: `conv_dw_${id}`,
  });
  x = layers.batchNormalization(x, { ...BATCH_NORM, name: `conv_dw_${id}_bn` });
  x = layers.reLU(x, { maxValue: 6, name: `conv_dw_${id}_relu` });
  x = layers.conv2D(x, { filters, kernelSize: 1, padding: "same", useBias: false, name: `conv_pw_${id}` });
  x = layers.batchNormalization(x, { ...BATCH_NORM, name: `conv_pw_${id}_bn` });
  return layers.reLU(x, { maxValue: 6, name: `conv_pw_${id}_relu` });
}

/** Keras' top: a 1x1 convolution of the averages; other networks have a dense layer there. */
function convolutionalTop(layers: Layers, features: Tensor, { classes = 1000 }: BackboneConfig): Tensor {
  // 1 x 1 x 1024
  let x = layers.globalAveragePooling2D(features, { keepDims: true });
  x = layers.dropout(x, { rate: 1e-3, name: "dropout" });
  // 1 x 1 x classes
  x = layers.conv2D(x, { filters: classes, kernelSize: 1, padding: "same", name: "conv_preds" });
  x = layers.reshape(x, { targetShape: [classes], name: "reshape_2" });
  return layers.activation(x, { activation: "softmax", name: "predictions" });
}
