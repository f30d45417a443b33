// InceptionV3: parallel branches with several kernel sizes (Szegedy et al. 2015), named and structured as
// keras.applications.InceptionV3. Sizes in comments are those of a 299 x 299 image.

import type { Tensor } from "../graph/graph.ts";
import type { Layers } from "../nn/layers.ts";
import { type Backbone, denseTopOrPooling } from "./backbone.ts";
import { averageBranch, BATCH_NORM, convBn, inceptionA, reductionA, stem } from "./inception.ts";

/** InceptionV3 (Szegedy et al. 2015), as keras.applications.InceptionV3. */
export const inceptionV3: Backbone = {
  name: "InceptionV3",
  defaultSize: 299,
  minSize: 75,
  preprocessing: "tf",
  batchNormMomentum: BATCH_NORM.momentum,
  hasAlpha: false,
  build(layers, image, config) {
    // 35 x 35 x 192
    let x = stem(layers, image);
    // 35 x 35 x 256
    x = layers.block("mixed_0", () => inceptionA(layers, x, { name: "mixed0", direct: 64, pooled: 32 }));
    // 35 x 35 x 288
    x = layers.block("mixed_1", () => inceptionA(layers, x, { name: "mixed1", direct: 64, pooled: 64 }));
    x = layers.block("mixed_2", () => inceptionA(layers, x, { name: "mixed2", direct: 64, pooled: 64 }));
    // 17 x 17 x 768
    x = layers.block("mixed_3", () => reductionA(layers, x, { name: "mixed3", widths: [64, 96, 96] }));
    x = layers.block("mixed_4", () => mixedB(layers, x, "mixed4", 128));
    x = layers.block("mixed_5", () => mixedB(layers, x, "mixed5", 160));
    x = layers.block("mixed_6", () => mixedB(layers, x, "mixed6", 160));
    x = layers.block("mixed_7", () => mixedB(layers, x, "mixed7", 192));
    // 8 x 8 x 1280
    x = layers.block("mixed_8", () => reductionB(layers, x, "mixed8"));
    // 8 x 8 x 2048
    x = layers.block("mixed_9", () => mixedC(layers, x, "mixed9", "mixed9_0"));
    x = layers.block("mixed_10", () => mixedC(layers, x, "mixed10", "mixed9_1"));
    return denseTopOrPooling(layers, x, config, { top: "avg_pool" });
  },
};

/** Branches of 1x1, one 7x7 and two 7x7, each 7x7 factorised into 1x7 and 7x1; `width` is the width inside them. */
function mixedB(layers: Layers, x: Tensor, name: string, width: number): Tensor {
  const branch1x1 = convBn(layers, x, 192, 1);

  let branch7x7 = convBn(layers, x, width, 1);
  branch7x7 = convBn(layers, branch7x7, width, [1, 7]);
  branch7x7 = convBn(layers, branch7x7, 192, [7, 1]);

  let branch7x7Twice = convBn(layers, x, width, 1);
  branch7x7Twice = convBn(layers, branch7x7Twice, width, [7, 1]);
  branch7x7Twice = convBn(layers, branch7x7Twice, width, [1, 7]);
  branch7x7Twice = convBn(layers, branch7x7Twice, width, [7, 1]);
  branch7x7Twice = convBn(layers, branch7x7Twice, 192, [1, 7]);

  const branchPool = averageBranch(layers, x, 192);
  return layers.concatenate([branch1x1, branch7x7, branch7x7Twice, branchPool], { name });
}

function reductionB(layers: Layers, x: Tensor, name: string): Tensor {
  let branch3x3 = convBn(layers, x, 192, 1);
  branch3x3 = convBn(layers, branch3x3, 320, 3, { strides: 2, padding: "valid" });

  let branch7x7And3x3 = convBn(layers, x, 192, 1);
  branch7x7And3x3 = convBn(layers, branch7x7And3x3, 192, [1, 7]);
  branch7x7And3x3 = convBn(layers, branch7x7And3x3, 192, [7, 1]);
  branch7x7And3x3 = convBn(layers, branch7x7And3x3, 192, 3, { strides: 2, padding: "valid" });

  const branchPool = layers.maxPooling2D(x, { poolSize: 3, strides: 2 });
  return layers.concatenate([branch3x3, branch7x7And3x3, branchPool], { name });
}

/** Branches that end in a 1x3 and a 3x1 side by side; `pairName` is the name of the first such pair. */
function mixedC(layers: Layers, x: Tensor, name: string, pairName: string): Tensor {
  const branch1x1 = convBn(layers, x, 320, 1);

  const inner3x3 = convBn(layers, x, 384, 1);
  const row3x3 = convBn(layers, inner3x3, 384, [1, 3]);
  const column3x3 = convBn(layers, inner3x3, 384, [3, 1]);
  const branch3x3 = layers.concatenate([row3x3, column3x3], { name: pairName });

  let inner3x3Twice = convBn(layers, x, 448, 1);
  inner3x3Twice = convBn(layers, inner3x3Twice, 384, 3);
  const row3x3Twice = convBn(layers, inner3x3Twice, 384, [1, 3]);
  const column3x3Twice = convBn(layers, inner3x3Twice, 384, [3, 1]);
  const branch3x3Twice = layers.concatenate([row3x3Twice, column3x3Twice]);

  const branchPool = averageBranch(layers, x, 192);
  return layers.concatenate([branch1x1, branch3x3, branch3x3Twice, branchPool], { name });
}
