// What the EfficientNets share.

import type { Tensor } from "../graph/graph.ts";
import type { Layers } from "../nn/layers.ts";

/**
 * Squeeze and excitation (Hu et al. 2018): multiplies each channel by a function of all channels' averages.
 * @param squeezed channels of the layer in between.
 */
export function squeezeAndExcite(layers: Layers, x: Tensor, squeezed: number, prefix: string): Tensor {
  const channels = x.shape[3] ?? 0;
  let weight = layers.globalAveragePooling2D(x, { name: `${prefix}se_squeeze` });
  weight = layers.reshape(weight, { targetShape: [1, 1, channels], name: `${prefix}se_reshape` });
  weight = layers.conv2D(weight, {
    filters: squeezed,
    kernelSize: 1,
    padding: "same",
    activation: "swish",
    name: `${prefix}se_reduce`,
  });
  weight = layers.conv2D(weight, {
    filters: channels,
    kernelSize: 1,
    padding: "same",
    activation: "sigmoid",
    name: `${prefix}se_expand`,
  });
  return layers.multiply(x, weight, { name: `${prefix}se_excite` });
}
