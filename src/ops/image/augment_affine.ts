// augmentAffine: pixel (column u, row v) of y samples x at (t0 u + t1 v + t2, t3 u + t4 v + t5), bilinear, with pixel
// centres at integers, as keras.ops.image.affine_transform. x, y [N, H, W, C], transform t [N, 6]. Taps outside the
// image: the nearest edge pixel (fill "nearest") or 0 ("constant"). Gradient with respect to x: the transpose.

import forwardShader from "../../../shaders/image/augment_affine_forward.wgsl";
import gradientShader from "../../../shaders/image/augment_affine_gradient.wgsl";
import { byteSize, elementCount, type Shape } from "../../base/tensors.ts";
import type { AttributeReader } from "../../graph/attributes.ts";
import { defineOperator, typeOf } from "../../graph/operator.ts";
import { lanesFor, rowWorkgroups } from "../common/lanes.ts";
import { imageSizes } from "../common/shapes.ts";
import { requireTransform } from "./transform.ts";

interface AffineAttributes {
  readonly fill: "nearest" | "constant";
}

const attributes = (read: AttributeReader): AffineAttributes => ({
  fill: read.choice("fill", ["nearest", "constant"], "nearest"),
});

/** Gradient of augmentAffine by x. */
export const augmentAffineGradient = defineOperator<AffineAttributes>({
  name: "augmentAffineGradient",
  inputs: ["dy", "transform"],
  attributes,
  infer: (inputs) => ({ dx: typeOf(inputs, "dy") }),
  lower({ attrs, input, output, dispatch }) {
    const dx = output("dx");
    const { conditions, uniforms, workgroups } = launchOver(dx.shape, attrs);
    dispatch(
      { name: "image/augment_affine_gradient", source: gradientShader, conditions },
      { tensors: { dy: input("dy"), transform: input("transform"), dx }, uniforms, workgroups },
    );
  },
  cost(inputs) {
    const dy = typeOf(inputs, "dy");
    return { flops: 40 * elementCount(dy.shape), bytes: 2 * byteSize(dy) };
  },
});

/**
 * An affine warp of each image: x [N, H, W, C], transform [N, 6] as in keras.ops.image.affine_transform, bilinear.
 * Attribute: `fill`, `nearest` or `constant` (zero).
 */
export const augmentAffine = defineOperator<AffineAttributes>({
  name: "augmentAffine",
  inputs: ["x", "transform"],
  attributes,
  infer(inputs) {
    const { N } = imageSizes("augmentAffine", inputs, "x");
    requireTransform("augmentAffine", inputs, N);
    return { y: typeOf(inputs, "x") };
  },
  gradient: ({ graph, attrs, input, dOutput, wants }) => ({
    x: wants("x")
      ? graph.applyOne(
          augmentAffineGradient,
          { dy: dOutput("y"), transform: input("transform") },
          { ...attrs },
        )
      : undefined,
  }),
  lower({ attrs, input, output, dispatch }) {
    const y = output("y");
    const { conditions, uniforms, workgroups } = launchOver(y.shape, attrs);
    dispatch(
      { name: "image/augment_affine_forward", source: forwardShader, conditions },
      { tensors: { x: input("x"), transform: input("transform"), y }, uniforms, workgroups },
    );
  },
  cost(inputs) {
    const x = typeOf(inputs, "x");
    return { flops: 12 * elementCount(x.shape), bytes: 2 * byteSize(x) };
  },
});

/** One thread per lane of an image's result. */
function launchOver(shape: Shape, { fill }: AffineAttributes) {
  const [, H = 0, W = 0, C = 0] = shape;
  const { width, conditions } = lanesFor(C);
  return {
    conditions,
    uniforms: { image: [H, W], channels: C / width, is_constant: fill === "constant" ? 1 : 0 },
    workgroups: rowWorkgroups(shape, width),
  };
}
