// InceptionResNetV2: Inception branches as scaled residuals (Szegedy et al. 2016), named and structured
// as keras.applications.InceptionResNetV2. Sizes in comments are those of a 299 x 299 image.

import type { Tensor } from "../graph/graph.ts";
import type { Layers } from "../nn/layers.ts";
import { type Backbone, denseTopOrPooling } from "./backbone.ts";
import { BATCH_NORM, convBn, inceptionA, reductionA, stem } from "./inception.ts";

/** InceptionResNetV2 (Szegedy et al. 2016), as keras.applications.InceptionResNetV2. */
export const inceptionResNetV2: Backbone = {
  name: "InceptionResNetV2",
  defaultSize: 299,
  minSize: 75,
  preprocessing: "tf",
  batchNormMomentum: BATCH_NORM.momentum,
  hasAlpha: false,
  build(layers, image, config) {
    // 35 x 35 x 192
    let x = stem(layers, image);
    // Mixed 5b (Inception-A): 35 x 35 x 320
    x = layers.block("mixed_5b", () => inceptionA(layers, x, { name: "mixed_5b", direct: 96, pooled: 64 }));
    // 10 x block35 (Inception-ResNet-A): 35 x 35 x 320
    for (let i = 1; i <= 10; i++) x = residual(layers, x, { name: `block35_${i}`, scale: 0.17 }, branches35);
    // Mixed 6a (Reduction-A): 17 x 17 x 1088
    x = layers.block("mixed_6a", () => reductionA(layers, x, { name: "mixed_6a", widths: [256, 256, 384] }));
    // 20 x block17 (Inception-ResNet-B): 17 x 17 x 1088
    for (let i = 1; i <= 20; i++) x = residual(layers, x, { name: `block17_${i}`, scale: 0.1 }, branches17);
    // Mixed 7a (Reduction-B): 8 x 8 x 2080
    x = layers.block("mixed_7a", () => reductionB(layers, x, "mixed_7a"));
    // 10 x block8 (Inception-ResNet-C): 8 x 8 x 2080; the last without ReLU
    for (let i = 1; i <= 9; i++) x = residual(layers, x, { name: `block8_${i}`, scale: 0.2 }, branches8);
    x = residual(layers, x, { name: "block8_10", scale: 1, activation: "linear" }, branches8);

    // Head: 8 x 8 x 1536
    x = layers.conv2D(x, { filters: 1536, kernelSize: 1, padding: "same", useBias: false, name: "conv_7b" });
    x = layers.batchNormalization(x, { ...BATCH_NORM, name: "conv_7b_bn" });
    x = layers.activation(x, { activation: "relu", name: "conv_7b_ac" });
    return denseTopOrPooling(layers, x, config, { top: "avg_pool" });
  },
};

/** x + scale · r, with r the 1x1 convolution of the concatenated branches. */
function residual(
  layers: Layers,
  input: Tensor,
  block: { name: string; scale: number; activation?: "relu" | "linear" },
  branches: (layers: Layers, x: Tensor) => Tensor[],
): Tensor {
  const { name, scale, activation = "relu" } = block;
  return layers.block(name, () => {
    const mixed = layers.concatenate(branches(layers, input), { name: `${name}_mixed` });
    const filters = input.shape[3] ?? 0;
    const up = layers.conv2D(mixed, { filters, kernelSize: 1, padding: "same", name: `${name}_conv` });
    const x = layers.customScale(input, up, { scale });
    return activation === "linear" ? x : layers.activation(x, { activation, name: `${name}_ac` });
  });
}

function branches35(layers: Layers, x: Tensor): Tensor[] {
  const branch0 = convBn(layers, x, 32, 1);

  let branch1 = convBn(layers, x, 32, 1);
  branch1 = convBn(layers, branch1, 32, 3);

  let branch2 = convBn(layers, x, 32, 1);
  branch2 = convBn(layers, branch2, 48, 3);
  branch2 = convBn(layers, branch2, 64, 3);
  return [branch0, branch1, branch2];
}

function branches17(layers: Layers, x: Tensor): Tensor[] {
  const branch0 = convBn(layers, x, 192, 1);

  let branch1 = convBn(layers, x, 128, 1);
  branch1 = convBn(layers, branch1, 160, [1, 7]);
  branch1 = convBn(layers, branch1, 192, [7, 1]);
  return [branch0, branch1];
}

function branches8(layers: Layers, x: Tensor): Tensor[] {
  const branch0 = convBn(layers, x, 192, 1);

  let branch1 = convBn(layers, x, 192, 1);
  branch1 = convBn(layers, branch1, 224, [1, 3]);
  branch1 = convBn(layers, branch1, 256, [3, 1]);
  return [branch0, branch1];
}

function reductionB(layers: Layers, x: Tensor, name: string): Tensor {
  let branch0 = convBn(layers, x, 256, 1);
  branch0 = convBn(layers, branch0, 384, 3, { strides: 2, padding: "valid" });

  let branch1 = convBn(layers, x, 256, 1);
  branch1 = convBn(layers, branch1, 288, 3, { strides: 2, padding: "valid" });

  let branch2 = convBn(layers, x, 256, 1);
  branch2 = convBn(layers, branch2, 288, 3);
  branch2 = convBn(layers, branch2, 320, 3, { strides: 2, padding: "valid" });

  const branchPool = layers.maxPooling2D(x, { poolSize: 3, strides: 2 });
  return layers.concatenate([branch0, branch1, branch2, branchPool], { name });
}
