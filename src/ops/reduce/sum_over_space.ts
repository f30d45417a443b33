// sumOverSpace: y[n,c] = scale * sum over pixels of x[n,h,w,c] (r[n,h,w,c]): the gradient of an operand that was
// broadcast over space, and the kernels of the global average. Gradient: broadcast again, see spreadOverSpace.

import spreadShader from "../../../shaders/reduce/spread_over_space.wgsl";
import sumShader from "../../../shaders/reduce/sum_over_space.wgsl";
import { byteSize, elementCount } from "../../base/tensors.ts";
import type { KernelFamily } from "../../gpu/device.ts";
import type { Tensor } from "../../graph/graph.ts";
import { defineOperator, type Lowering, typeOf } from "../../graph/operator.ts";
import { lanesFor, perChannelWorkgroups } from "../common/lanes.ts";
import { imageSizes, requireSameShape } from "../common/shapes.ts";

/**
 * y [N, C]: `scale` times the sum of x [N, H, W, C] over its pixels, element by element times r if that is given.
 */
export const sumOverSpace = defineOperator({
  name: "sumOverSpace",
  inputs: ["x", "r?"],
  attributes: (read) => ({
    /** Whether y is [N, 1, 1, C] rather than [N, C]. */
    keepDimensions: read.boolean("keepDimensions", false),
    scale: read.number("scale", 1),
    dtype: read.choice("dtype", ["f32", "f16"], "f32"),
  }),
  infer(inputs, { keepDimensions, dtype }) {
    const { N, C } = imageSizes("sumOverSpace", inputs, "x");
    if (inputs.r) requireSameShape("sumOverSpace", inputs, "r", "x");
    return { y: { shape: keepDimensions ? [N, 1, 1, C] : [N, C], dtype } };
  },
  lower(lowering) {
    const { attrs, input, output, hasInput } = lowering;
    const r = hasInput("r") ? input("r") : undefined;
    lowerSpaceSum(lowering, { x: input("x"), r, y: output("y"), scale: attrs.scale });
  },
  cost(inputs, outputs) {
    const x = typeOf(inputs, "x");
    const operands = inputs.r ? 2 : 1;
    return {
      flops: operands * elementCount(x.shape),
      bytes: operands * byteSize(x) + byteSize(typeOf(outputs, "y")),
    };
  },
});

/** x [N, C] or [N, 1, 1, C], times `scale`, at each pixel of y [N, H, W, C]. */
export const spreadOverSpace = defineOperator({
  name: "spreadOverSpace",
  inputs: ["x"],
  attributes: (read) => ({
    /** Rows and columns of y. */
    size: read.pair("size"),
    scale: read.number("scale", 1),
    dtype: read.choice("dtype", ["f32", "f16"], "f32"),
  }),
  infer(inputs, { size, dtype }) {
    const { shape } = typeOf(inputs, "x");
    return { y: { shape: [shape[0] ?? 0, ...size, shape.at(-1) ?? 0], dtype } };
  },
  lower({ attrs, input, output, dispatch }) {
    const y = output("y");
    const [N = 0, H = 0, W = 0, C = 0] = y.shape;
    const { width, conditions } = lanesFor(C);
    dispatch(
      { name: "reduce/spread_over_space", source: spreadShader, conditions },
      {
        tensors: { x: input("x"), y },
        uniforms: { pixels: H * W, channels: C / width, scale: attrs.scale },
        workgroups: perChannelWorkgroups(N, H * W, C / width),
      },
    );
  },
  cost: (inputs, outputs) => ({
    flops: elementCount(typeOf(inputs, "x").shape),
    bytes: byteSize(typeOf(inputs, "x")) + byteSize(typeOf(outputs, "y")),
  }),
});

/** Threads that keep the adapter busy. */
const WANTED_THREADS: Readonly<Record<KernelFamily, number>> = { cpu: 1024, gpu: 32768 };
/** The least number of pixels per thread; otherwise the second pass would cost more than the first. */
const LEAST_STRETCH = 32;
/** The largest number of pixels per thread: longer chains of f32 additions lose accuracy. */
const MOST_STRETCH = 512;

export interface SpaceSum {
  readonly x: Tensor;
  readonly r: Tensor | undefined;
  /** N C elements, whatever the shape is. */
  readonly y: Tensor;
  readonly scale: number;
}

/** Lowers a sum over the space of x [N, H, W, C], in two passes if N C alone gives too few threads. */
export function lowerSpaceSum({ device, workspace, dispatch }: Lowering<object>, sum: SpaceSum): void {
  const { x, r, y, scale } = sum;
  const [N = 0, H = 0, W = 0, C = 0] = x.shape;
  const pixels = H * W;
  const { width, conditions } = lanesFor(C);
  const launch = (from: Tensor, factor: Tensor | undefined, to: Tensor, sizes: SumSizes) => {
    const count = (N * sizes.stretches * C) / width;
    const product = factor !== undefined;
    dispatch(
      { name: "reduce/sum_over_space", source: sumShader, conditions: { ...conditions, product } },
      {
        tensors: { x: from, y: to, ...(factor && { r: factor }) },
        uniforms: { count, channels: C / width, ...sizes },
        workgroups: Math.ceil(count / 64),
      },
    );
  };
  const stretch = stretchOf(pixels, WANTED_THREADS[device.family] / Math.max(1, (N * C) / width));
  const stretches = Math.ceil(pixels / stretch);
  if (stretches <= 1) {
    launch(x, r, y, { pixels, stretches: 1, stretch: pixels, scale });
    return;
  }
  const partial = workspace("partial", { shape: [N, stretches, C], dtype: "f32" });
  launch(x, r, partial, { pixels, stretches, stretch, scale: 1 });
  launch(partial, undefined, y, { pixels: stretches, stretches: 1, stretch: stretches, scale });
}

interface SumSizes {
  readonly pixels: number;
  readonly stretches: number;
  readonly stretch: number;
  readonly scale: number;
}

/** How many pixels a thread sums if n stretches are wanted. */
function stretchOf(pixels: number, wanted: number): number {
  const even = Math.ceil(pixels / Math.max(1, Math.ceil(wanted)));
  return Math.min(Math.max(even, LEAST_STRETCH), MOST_STRETCH);
}
