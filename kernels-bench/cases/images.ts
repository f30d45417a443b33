// preprocess, augmentAffine, resizeBilinear: what happens to images before the network.

import { type NamedValues, the } from "../../src/ops/common/definition.ts";
import { augmentAffine } from "../../test/reference/augment_affine.ts";
import type { OperatorCase, OperatorForm } from "./bench_case.ts";

/** x / 127.5 - 1, after the warp if there is one. */
function preprocessed(inputs: NamedValues): NamedValues {
  const x = the(inputs, "bytes");
  const warped = inputs.transform
    ? the(augmentAffine.forward({ x, transform: inputs.transform }, { fill: "nearest" }), "y")
    : x;
  return { y: { shape: x.shape, data: warped.data.map((value) => value / 127.5 - 1) } };
}

function bytesForm(shape: readonly number[], augment: boolean): OperatorForm {
  const bytes = { shape, dtype: "u8", draw: "bytes" } as const;
  const transform = { shape: [shape[0] ?? 1, 6], draw: "transforms" } as const;
  return { attrs: { mode: "tf", augment }, inputs: augment ? { bytes, transform } : { bytes } };
}

const affineForm = (shape: readonly number[]): OperatorForm => ({
  attrs: { fill: "nearest" },
  inputs: { x: { shape, draw: "pixels" }, transform: { shape: [shape[0] ?? 1, 6], draw: "transforms" } },
});
const resizeForm = (shape: readonly number[], size: number): OperatorForm => ({
  attrs: { size: [size, size], halfPixelCenters: true },
  inputs: { x: { shape, draw: "pixels" } },
});

export const imageCases: readonly OperatorCase[] = [
  {
    op: "preprocess",
    name: "299",
    of: "InceptionResNetV2 299, inference",
    isQuick: false,
    real: bytesForm([8, 299, 299, 3], false),
    small: bytesForm([2, 9, 7, 3], false),
    passes: { forward: [] },
    reference: { forward: preprocessed },
  },
  {
    op: "preprocess",
    name: "299_augmented",
    of: "InceptionResNetV2 299, training",
    isQuick: true,
    real: bytesForm([8, 299, 299, 3], true),
    small: bytesForm([2, 9, 7, 3], true),
    passes: { forward: [] },
    reference: { forward: preprocessed },
  },
  {
    op: "augmentAffine",
    name: "299x3",
    of: "InceptionResNetV2 299",
    isQuick: false,
    real: affineForm([8, 299, 299, 3]),
    small: affineForm([2, 9, 7, 3]),
    passes: { forward: [] },
  },
  {
    op: "augmentAffine",
    name: "48x3",
    of: "no network: images have no gradient",
    isQuick: false,
    real: affineForm([8, 48, 48, 3]),
    small: affineForm([2, 9, 7, 3]),
    passes: { gradient: ["x"] },
  },
  {
    op: "resizeBilinear",
    name: "400_to_299",
    of: "photographs to InceptionResNetV2's size",
    isQuick: false,
    real: resizeForm([8, 400, 400, 3], 299),
    small: resizeForm([2, 12, 9, 3], 7),
    passes: { forward: [], gradient: ["x"] },
  },
];
