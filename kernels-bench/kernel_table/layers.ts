// Layers of networks in the model: the tiles that the GPU kernels choose for them, and a lower bound on their time.

import type { Geometry } from "../../src/ops/conv2d/convolution.ts";
import {
  dataGradientProduct,
  forwardProduct,
  weightGradientProduct,
} from "../../src/ops/conv2d/gpu_kernels.ts";
import { chooseTile, type MatrixProduct } from "../../src/ops/conv2d/gpu_tiles.ts";
import { H100, paperTimeOf } from "./gpu_model.ts";
import { decimals, type Row } from "./markdown.ts";

/** Limits of a device that offers no more than Dawn's defaults. */
const LIMITS = { maxWorkgroupMemoryBytes: 32768, maxBindingBytes: 2 ** 31 - 4 };

/** The largest f16 matrices with sums in f32 that the GPU's subgroups multiply through WebGPU. */
export const MATRIX = { rows: 16, columns: 16, depth: 16, lanes: H100.warp, maxThreads: 1024 };

interface Layer {
  readonly name: string;
  /** N, H, W, C. */
  readonly x: readonly [number, number, number, number];
  /** R, S, K. */
  readonly kernel: readonly [number, number, number];
  readonly stride?: 1 | 2;
}

const LAYERS: readonly Layer[] = [
  { name: "first 3x3/2, MobileNetV2 224", x: [64, 224, 224, 3], kernel: [3, 3, 32], stride: 2 },
  { name: "1x1 expansion 24 → 144, MobileNetV2", x: [64, 56, 56, 24], kernel: [1, 1, 144] },
  { name: "1x1 projection 144 → 24, MobileNetV2", x: [64, 56, 56, 144], kernel: [1, 1, 24] },
  { name: "1x1 576 → 96, MobileNetV2", x: [64, 14, 14, 576], kernel: [1, 1, 96] },
  { name: "1x1 320 → 1280, MobileNetV2", x: [64, 7, 7, 320], kernel: [1, 1, 1280] },
  { name: "head 1280 → 10, MobileNetV2", x: [64, 1, 1, 1280], kernel: [1, 1, 10] },
  { name: "3x3 64 → 64 at 56, ResNet50", x: [32, 56, 56, 64], kernel: [3, 3, 64] },
  { name: "3x3 32 → 64 at 147, InceptionResNetV2", x: [32, 147, 147, 32], kernel: [3, 3, 64] },
  { name: "3x3/2 320 → 384 at 35, InceptionResNetV2", x: [32, 35, 35, 320], kernel: [3, 3, 384], stride: 2 },
  { name: "1x7 128 → 160 at 17, InceptionResNetV2", x: [32, 17, 17, 128], kernel: [1, 7, 160] },
  { name: "1x1 1088 → 192 at 17, InceptionResNetV2", x: [32, 17, 17, 1088], kernel: [1, 1, 192] },
  { name: "1x3 192 → 224 at 8, InceptionResNetV2", x: [32, 8, 8, 192], kernel: [1, 3, 224] },
  { name: "1x1 2080 → 1536 at 8, InceptionResNetV2", x: [32, 8, 8, 2080], kernel: [1, 1, 1536] },
  { name: "the same, batch 1", x: [1, 8, 8, 2080], kernel: [1, 1, 1536] },
];

/** "same" padding everywhere: sufficient for the model's sizes. */
function geometryOf({ x: [N, H, W, C], kernel: [R, S, K], stride = 1 }: Layer): Geometry {
  const [P, Q] = [Math.ceil(H / stride), Math.ceil(W / stride)];
  const [top, left] = [Math.floor((R - 1) / 2), Math.floor((S - 1) / 2)];
  return {
    ...{ N, H, W, C, R, S, P, Q, K, top, left, groups: 1 },
    strides: [stride, stride],
    dilations: [1, 1],
  };
}

/** Elements of a layer's x, w and y together. */
function layerElements({ N, H, W, C, P, Q, K, R, S }: Geometry): number {
  return N * H * W * C + R * S * C * K + N * P * Q * K;
}

/** Layers in f32, or in mixed precision; heads stay in f32 there. */
export function layerRows(precision: "f32" | "mixed"): Row[] {
  const isMixed = precision === "mixed";
  const layers = isMixed ? LAYERS.filter(({ x }) => x[1] > 1) : LAYERS;
  return layers.flatMap((layer) => {
    const g = geometryOf(layer);
    const passes: [string, MatrixProduct][] = [
      ["forward", forwardProduct(g)],
      ["data gradient", dataGradientProduct(g)],
      ["weight gradient", weightGradientProduct(g)],
    ];
    return passes
      .filter(([pass]) => g.C > 3 || pass !== "data gradient")
      .map(([pass, product]) => {
        const choice = chooseTile(product, LIMITS, isMixed ? MATRIX : undefined);
        const time = paperTimeOf(product, choice, (isMixed ? 2 : 4) * layerElements(g));
        return [
          pass === "forward" ? `${layer.name}, batch ${g.N}` : "",
          pass,
          `${product.rows} x ${product.columns} x ${product.depth}${product.count > 1 ? `, ${product.count} times` : ""}`,
          choice.tile.name,
          choice.splits,
          time.workgroups,
          decimals(time.waves, 2),
          decimals(time.padding, 2),
          decimals(time.flops / time.bytes),
          decimals(time.microseconds),
          time.bound,
        ];
      });
  });
}

export const LAYER_HEAD = [
  "layer",
  "pass",
  "product",
  "tile",
  "splits",
  "workgroups",
  "waves",
  "padding",
  "FLOPs a byte",
  "µs",
  "bound by",
];
