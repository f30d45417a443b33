// NASNet-A: two kinds of cells found by architecture search, each of which reads the two cells before it (Zoph et al.
// 2018), named and structured as keras.applications.NASNetMobile and NASNetLarge.

import type { Tensor } from "../graph/graph.ts";
import type { Layers } from "../nn/layers.ts";
import { type Backbone, correctPad, denseTopOrPooling } from "./backbone.ts";

const BATCH_NORM = { epsilon: 1e-3, momentum: 0.9997 } as const;
/** One row and one column, as [[top, bottom], [left, right]]. */
const BELOW_AND_RIGHT = [
  [0, 1],
  [0, 1],
] as const;
const ABOVE_AND_LEFT = [
  [1, 0],
  [1, 0],
] as const;

/** NASNetMobile (Zoph et al. 2018), as keras.applications.NASNetMobile. */
export const nasNetMobile: Backbone = {
  name: "NASNetMobile",
  defaultSize: 224,
  minSize: 32,
  preprocessing: "tf",
  batchNormMomentum: BATCH_NORM.momentum,
  hasAlpha: false,
  build(layers, image, config) {
    // 111 x 111 x 32
    let cells = stem(layers, image, 32);
    // 56 x 56 x 44, then 28 x 28 x 88
    cells = reductionCell(layers, cells, 11, "stem_1");
    cells = reductionCell(layers, cells, 22, "stem_2");
    // 28 x 28 x 264
    for (const id of [0, 1, 2, 3]) cells = normalCell(layers, cells, 44, id);
    // 14 x 14 x 352, then 14 x 14 x 528
    cells = reductionCell(layers, cells, 88, "reduce_4");
    for (const id of [5, 6, 7, 8]) cells = normalCell(layers, cells, 88, id);
    // 7 x 7 x 704, then 7 x 7 x 1056
    cells = reductionCell(layers, cells, 176, "reduce_8");
    for (const id of [9, 10, 11, 12]) cells = normalCell(layers, cells, 176, id);

    const x = layers.activation(cells.last, { activation: "relu" });
    return denseTopOrPooling(layers, x, config);
  },
};

/** NASNetLarge (Zoph et al. 2018), as keras.applications.NASNetLarge. */
export const nasNetLarge: Backbone = {
  name: "NASNetLarge",
  defaultSize: 331,
  minSize: 32,
  preprocessing: "tf",
  batchNormMomentum: BATCH_NORM.momentum,
  hasAlpha: false,
  build(layers, image, config) {
    // 165 x 165 x 96
    let cells = stem(layers, image, 96);
    // 83 x 83 x 168, then 42 x 42 x 336
    cells = reductionCell(layers, cells, 42, "stem_1");
    cells = reductionCell(layers, cells, 84, "stem_2");
    // 42 x 42 x 1008
    for (const id of [0, 1, 2, 3, 4, 5]) cells = normalCell(layers, cells, 168, id);
    // 21 x 21 x 1344, then 21 x 21 x 2016
    cells = skipReduction(cells, reductionCell(layers, cells, 336, "reduce_6"));
    for (const id of [7, 8, 9, 10, 11, 12]) cells = normalCell(layers, cells, 336, id);
    // 11 x 11 x 2688, then 11 x 11 x 4032
    cells = skipReduction(cells, reductionCell(layers, cells, 672, "reduce_12"));
    for (const id of [13, 14, 15, 16, 17, 18]) cells = normalCell(layers, cells, 672, id);

    const x = layers.activation(cells.last, { activation: "relu" });
    return denseTopOrPooling(layers, x, config);
  },
};

/** What the next cell reads: the outputs of the last two cells. */
interface Cells {
  readonly last: Tensor;
  /** Undefined if there is only one. */
  readonly beforeLast: Tensor | undefined;
}

/**
 * The cells after a reduction in the large network: the second input of the reduction is passed on to the next cell.
 */
function skipReduction({ beforeLast }: Cells, reduced: Cells): Cells {
  return { last: reduced.last, beforeLast };
}

function stem(layers: Layers, image: Tensor, filters: number): Cells {
  const x = layers.conv2D(image, { filters, kernelSize: 3, strides: 2, useBias: false, name: "stem_conv1" });
  return { last: layers.batchNormalization(x, { ...BATCH_NORM, name: "stem_bn1" }), beforeLast: undefined };
}

/** A normal cell: the size of its input, 6 · filters channels. */
function normalCell(layers: Layers, cells: Cells, filters: number, id: number): Cells {
  const add = (a: Tensor, b: Tensor, k: number) => layers.add([a, b], { name: `normal_add_${k}_${id}` });
  const separable = (x: Tensor, kernelSize: number, branch: string) =>
    separableTwice(layers, x, { filters, kernelSize, strides: 1, id: `normal_${branch}_${id}` });
  const average = (x: Tensor, branch: string) =>
    layers.averagePooling2D(x, { poolSize: 3, strides: 1, padding: "same", name: `normal_${branch}_${id}` });

  const last = layers.block(`normal_${id}`, () => {
    const p = adjusted(layers, cells, filters, `${id}`);
    const h = projected(layers, cells.last, filters, {
      conv: `normal_conv_1_${id}`,
      bn: `normal_bn_1_${id}`,
    });
    const x1 = add(separable(h, 5, "left1"), separable(p, 3, "right1"), 1);
    const x2 = add(separable(p, 5, "left2"), separable(p, 3, "right2"), 2);
    const x3 = add(average(h, "left3"), p, 3);
    const x4 = add(average(p, "left4"), average(p, "right4"), 4);
    const x5 = add(separable(h, 3, "left5"), h, 5);
    return layers.concatenate([p, x1, x2, x3, x4, x5], { name: `normal_concat_${id}` });
  });
  return { last, beforeLast: cells.last };
}

/** A reduction cell: half the height and width of its input, 4 · filters channels. */
function reductionCell(layers: Layers, cells: Cells, filters: number, id: string): Cells {
  const separable = (x: Tensor, kernelSize: number, strides: 1 | 2, branch: string) =>
    separableTwice(layers, x, { filters, kernelSize, strides, id: `reduction_${branch}_${id}` });
  const halving = (branch: string) =>
    ({ poolSize: 3, strides: 2, padding: "valid", name: `reduction_${branch}_${id}` }) as const;

  const last = layers.block(id, () => {
    const p = adjusted(layers, cells, filters, id);
    const h = projected(layers, cells.last, filters, {
      conv: `reduction_conv_1_${id}`,
      bn: `reduction_bn_1_${id}`,
    });
    const padded = layers.zeroPadding2D(h, { padding: correctPad(h, 3), name: `reduction_pad_1_${id}` });

    const left1 = separable(h, 5, 2, "left1");
    const x1 = layers.add([left1, separable(p, 7, 2, "right1")], { name: `reduction_add_1_${id}` });

    const left2 = layers.maxPooling2D(padded, halving("left2"));
    const x2 = layers.add([left2, separable(p, 7, 2, "right2")], { name: `reduction_add_2_${id}` });

    const left3 = layers.averagePooling2D(padded, halving("left3"));
    const x3 = layers.add([left3, separable(p, 5, 2, "right3")], { name: `reduction_add3_${id}` });

    const left4 = { poolSize: 3, strides: 1, padding: "same", name: `reduction_left4_${id}` } as const;
    const x4 = layers.add([x2, layers.averagePooling2D(x1, left4)]);

    // Keras numbers this branch 4 as well.
    const left5 = separable(x1, 3, 1, "left4");
    const right5 = layers.maxPooling2D(padded, halving("right5"));
    const x5 = layers.add([left5, right5], { name: `reduction_add4_${id}` });
    return layers.concatenate([x2, x3, x4, x5], { name: `reduction_concat_${id}` });
  });
  return { last, beforeLast: cells.last };
}

/** The output before the last, brought to the last one's size and to `filters` channels. */
function adjusted(layers: Layers, { last, beforeLast: p }: Cells, filters: number, id: string): Tensor {
  if (!p) return last;
  // Keras compares the widths alone.
  if (p.shape[2] !== last.shape[2]) return halved(layers, p, filters, id);
  if (p.shape[3] === filters) return p;
  return projected(layers, p, filters, { conv: `adjust_conv_projection_${id}`, bn: `adjust_bn_${id}` });
}

/**
 * Halves height and width: every second pixel, and the pixels one down and right of them; each gives half of the
 * channels.
 */
function halved(layers: Layers, input: Tensor, filters: number, id: string): Tensor {
  const p = layers.activation(input, { activation: "relu", name: `adjust_relu_1_${id}` });
  const half = (x: Tensor, k: 1 | 2) => {
    const even = layers.averagePooling2D(x, { poolSize: 1, strides: 2, name: `adjust_avg_pool_${k}_${id}` });
    const name = `adjust_conv_${k}_${id}`;
    const channels = Math.floor(filters / 2);
    return layers.conv2D(even, { filters: channels, kernelSize: 1, padding: "same", useBias: false, name });
  };
  const first = half(p, 1);
  const padded = layers.zeroPadding2D(p, { padding: BELOW_AND_RIGHT });
  const moved = layers.cropping2D(padded, { cropping: ABOVE_AND_LEFT });
  const joined = layers.concatenate([first, half(moved, 2)]);
  return layers.batchNormalization(joined, { ...BATCH_NORM, name: `adjust_bn_${id}` });
}

/** ReLU, a 1x1 convolution to `filters` channels, batch norm. */
function projected(
  layers: Layers,
  x: Tensor,
  filters: number,
  names: { readonly conv: string; readonly bn: string },
): Tensor {
  let y = layers.activation(x, { activation: "relu" });
  y = layers.conv2D(y, { filters, kernelSize: 1, padding: "same", useBias: false, name: names.conv });
  return layers.batchNormalization(y, { ...BATCH_NORM, name: names.bn });
}

/** ReLU, separable convolution and batch norm, twice; the first convolution may halve height and width. */
function separableTwice(
  layers: Layers,
  input: Tensor,
  branch: { filters: number; kernelSize: number; strides: 1 | 2; id: string },
): Tensor {
  const { filters, kernelSize, strides, id } = branch;
  let x = layers.activation(input, { activation: "relu" });
  if (strides === 2) {
    x = layers.zeroPadding2D(x, { padding: correctPad(x, kernelSize), name: `separable_conv_1_pad_${id}` });
  }
  x = layers.separableConv2D(x, {
    filters,
    kernelSize,
    strides,
    padding: strides === 2 ? "valid" : "same",
    useBias: false,
    name: `separable_conv_1_${id}`,
  });
  x = layers.batchNormalization(x, { ...BATCH_NORM, name: `separable_conv_1_bn_${id}` });
  x = layers.activation(x, { activation: "relu" });
  const second = { filters, kernelSize, padding: "same", useBias: false } as const;
  x = layers.separableConv2D(x, { ...second, name: `separable_conv_2_${id}` });
  return layers.batchNormalization(x, { ...BATCH_NORM, name: `separable_conv_2_bn_${id}` });
}
