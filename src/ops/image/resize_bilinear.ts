// resizeBilinear: TensorFlow's ResizeBilinear, align_corners false, no antialiasing. Row p of y reads x at row (p +
// 1/2) H/P - 1/2 (halfPixelCenters) or p H/P; positions outside are clamped to the edge. Gradient: the transpose.

import forwardShader from "../../../shaders/image/resize_bilinear_forward.wgsl";
import gradientShader from "../../../shaders/image/resize_bilinear_gradient.wgsl";
import { byteSize, elementCount, type Shape } from "../../base/tensors.ts";
import { defineOperator, typeOf } from "../../graph/operator.ts";
import { lanesFor, rowWorkgroups } from "../common/lanes.ts";
import { imageSizes } from "../common/shapes.ts";

interface ResizeAttributes {
  /** Rows and columns of y. */
  readonly size: readonly [number, number];
  readonly halfPixelCenters: boolean;
}

/** Attributes of the gradient: the operator's own, and rows and columns of x. */
type ResizeGradientAttributes = ResizeAttributes & { readonly imageSize: readonly [number, number] };

/** Gradient of resizeBilinear by x. */
export const resizeBilinearGradient = defineOperator<ResizeGradientAttributes>({
  name: "resizeBilinearGradient",
  inputs: ["dy"],
  attributes: (read) => ({
    size: read.pair("size"),
    halfPixelCenters: read.boolean("halfPixelCenters"),
    imageSize: read.pair("imageSize"),
  }),
  infer(inputs, { imageSize }) {
    const { shape, dtype } = typeOf(inputs, "dy");
    return { dx: { shape: [shape[0] ?? 0, ...imageSize, shape[3] ?? 0], dtype } };
  },
  lower({ attrs, input, output, dispatch }) {
    const dx = output("dx");
    const { width, conditions } = lanesFor(dx.shape[3] ?? 0);
    dispatch(
      { name: "image/resize_bilinear_gradient", source: gradientShader, conditions },
      {
        tensors: { dy: input("dy"), dx },
        uniforms: resizeUniforms(dx.shape, attrs, width),
        workgroups: rowWorkgroups(dx.shape, width),
      },
    );
  },
  cost: (inputs, outputs) => ({
    flops: 8 * elementCount(typeOf(inputs, "dy").shape),
    bytes: byteSize(typeOf(inputs, "dy")) + byteSize(typeOf(outputs, "dx")),
  }),
});

/**
 * Bilinear resizing of x [N, H, W, C] to `size` [rows, columns], as TensorFlow does without antialiasing.
 * Attributes: `size`, `halfPixelCenters`.
 */
export const resizeBilinear = defineOperator<ResizeAttributes>({
  name: "resizeBilinear",
  inputs: ["x"],
  attributes: (read) => ({
    size: read.pair("size"),
    halfPixelCenters: read.boolean("halfPixelCenters", true),
  }),
  infer(inputs, { size }) {
    const { N, C } = imageSizes("resizeBilinear", inputs, "x");
    return { y: { shape: [N, ...size, C], dtype: typeOf(inputs, "x").dtype } };
  },
  gradient({ graph, attrs, input, dOutput }) {
    const [, H = 0, W = 0] = input("x").shape;
    return {
      x: graph.applyOne(resizeBilinearGradient, { dy: dOutput("y") }, { ...attrs, imageSize: [H, W] }),
    };
  },
  lower({ attrs, input, output, dispatch }) {
    const x = input("x");
    const y = output("y");
    const { width, conditions } = lanesFor(x.shape[3] ?? 0);
    dispatch(
      { name: "image/resize_bilinear_forward", source: forwardShader, conditions },
      {
        tensors: { x, y },
        uniforms: resizeUniforms(x.shape, attrs, width),
        workgroups: rowWorkgroups(y.shape, width),
      },
    );
  },
  cost(inputs, outputs) {
    const y = typeOf(outputs, "y");
    return { flops: 8 * elementCount(y.shape), bytes: byteSize(typeOf(inputs, "x")) + byteSize(y) };
  },
});

/** Positions as integers: output p reads row (p step + first) / unit of x, columns likewise. */
function resizeUniforms(x: Shape, { size, halfPixelCenters }: ResizeAttributes, width: number) {
  const image = x.slice(1, 3);
  const along = image.map((pixels, axis) => {
    const outputs = size[axis] ?? 0;
    return halfPixelCenters
      ? { step: 2 * pixels, first: pixels - outputs, unit: 2 * outputs }
      : { step: pixels, first: 0, unit: outputs };
  });
  return {
    image,
    output: size,
    step: along.map(({ step }) => step),
    first: along.map(({ first }) => first),
    unit: along.map(({ unit }) => unit),
    channels: (x[3] ?? 0) / width,
  };
}
