// preprocess: converts the bytes of images to a backbone's input, y[n,p,q,c] = scale_c * x + offset_c. If `augment` is
// set, an affine warp per image is applied as well (bilinear, nearest fill; see augmentAffine). bytes [N, H, W, 3] u8
// RGB, transform [N, 6], y [N, H, W, 3]. It has no gradient: images are inputs.

import augmentShader from "../../../shaders/image/preprocess_augment.wgsl";
import convertShader from "../../../shaders/image/preprocess_convert.wgsl";
import { WeftError } from "../../base/errors.ts";
import { byteSize, elementCount, shapeText } from "../../base/tensors.ts";
import { defineOperator, type Lowering, typeOf } from "../../graph/operator.ts";
import { lanesFor } from "../common/lanes.ts";
import { imageSizes } from "../common/shapes.ts";
import { requireTransform } from "./transform.ts";

/** The pixel formats of Keras' applications. */
export const PREPROCESS_MODES = ["tf", "caffe", "torch", "none"] as const;
/**
 * A mode of `PREPROCESS_MODES`: `tf` to -1..1, `caffe` BGR less ImageNet's mean, `torch` by mean and deviation, `none`.
 */
export type PreprocessMode = (typeof PREPROCESS_MODES)[number];

interface Conversion {
  /** Whether the channels are reversed to BGR. */
  readonly reversed: 0 | 1;
  readonly scale: readonly [number, number, number];
  readonly offset: readonly [number, number, number];
}

/** Scales and offsets of `keras.applications.imagenet_utils.preprocess_input`, in the network's channel order. */
export const CONVERSIONS: Readonly<Record<PreprocessMode, Conversion>> = {
  tf: { reversed: 0, scale: [1 / 127.5, 1 / 127.5, 1 / 127.5], offset: [-1, -1, -1] },
  caffe: { reversed: 1, scale: [1, 1, 1], offset: [-103.939, -116.779, -123.68] },
  torch: {
    reversed: 0,
    scale: [1 / 255 / 0.229, 1 / 255 / 0.224, 1 / 255 / 0.225],
    offset: [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225],
  },
  none: { reversed: 0, scale: [1, 1, 1], offset: [0, 0, 0] },
};

interface PreprocessAttributes {
  readonly mode: PreprocessMode;
  readonly augment: boolean;
  /** Element type of y. */
  readonly dtype: "f32" | "f16";
}

/**
 * Bytes of images [N, H, W, 3] to what a backbone expects; on the way one affine warp an image with `augment`.
 * It has no gradient. Attributes: `mode`, `augment`, `dtype`.
 */
export const preprocess = defineOperator<PreprocessAttributes>({
  name: "preprocess",
  inputs: ["bytes", "transform?"],
  attributes: (read) => ({
    mode: read.choice("mode", PREPROCESS_MODES, "tf"),
    augment: read.boolean("augment", false),
    dtype: read.choice("dtype", ["f32", "f16"], "f32"),
  }),
  infer(inputs, { augment, dtype: made }) {
    const { N, H, W, C } = imageSizes("preprocess", inputs, "bytes");
    const { dtype } = typeOf(inputs, "bytes");
    if (dtype !== "u8") throw new WeftError(`preprocess: bytes expects elements of type u8 but has ${dtype}`);
    if (C !== 3) {
      throw new WeftError(
        `preprocess: bytes expects 3 channels (RGB) but has ${C} (${shapeText([N, H, W, C])})`,
      );
    }
    if (augment && !inputs.transform)
      throw new WeftError("preprocess: augment needs an input transform [N,6]");
    if (inputs.transform) requireTransform("preprocess", inputs, N);
    return { y: { shape: [N, H, W, 3], dtype: made } };
  },
  lower(lowering) {
    if (lowering.attrs.augment) lowerAugment(lowering);
    else lowerConvert(lowering);
  },
  cost(inputs, outputs, { augment }) {
    const bytes = typeOf(inputs, "bytes");
    const flops = (augment ? 10 : 2) * elementCount(bytes.shape);
    return { flops, bytes: byteSize(bytes) + byteSize(typeOf(outputs, "y")) };
  },
});

function lowerConvert({ attrs, input, output, dispatch }: Lowering<PreprocessAttributes>): void {
  const y = output("y");
  const pixels = elementCount(y.shape) / 3;
  const { conditions } = lanesFor(pixels);
  dispatch(
    { name: "image/preprocess_convert", source: convertShader, conditions },
    {
      tensors: { bytes: input("bytes"), y },
      uniforms: { pixels, ...CONVERSIONS[attrs.mode] },
      workgroups: Math.ceil(pixels / 4 / 64),
    },
  );
}

function lowerAugment({ attrs, input, output, dispatch }: Lowering<PreprocessAttributes>): void {
  const y = output("y");
  const bytes = input("bytes");
  const [N = 0, height = 0, width = 0] = y.shape;
  const lastWord = Math.ceil(elementCount(bytes.shape) / 4) - 1;
  dispatch(
    { name: "image/preprocess_augment", source: augmentShader },
    {
      tensors: { bytes, transform: input("transform"), y },
      uniforms: { height, width, last_word: Math.max(0, lastWord), ...CONVERSIONS[attrs.mode] },
      workgroups: [Math.ceil((height * width) / 64), N, 1],
    },
  );
}
