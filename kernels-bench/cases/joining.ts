// concat (and slice, its gradient), zeroPad2d, crop2d: operators that move values without arithmetic.

import { type OperatorCase, type OperatorForm, smallShape } from "./bench_case.ts";

/** Branches with these channel counts, concatenated. */
function branches(pixels: number, n: number, channels: readonly number[]): OperatorForm {
  const inputs = channels.map((count, i) => [`x${i}`, { shape: [n, pixels, pixels, count] }]);
  return { attrs: { axis: -1 }, inputs: Object.fromEntries(inputs) };
}

const amounts = [
  [0, 1],
  [0, 1],
];
const framed = (x: readonly number[]): OperatorForm => ({ attrs: { amounts }, inputs: { x: { shape: x } } });

const GRADIENT_BY_X = { forward: [], gradient: ["x"] } as const;

export const joiningCases: readonly OperatorCase[] = [
  {
    op: "concat",
    name: "35x96_64_96_64",
    of: "InceptionResNetV2 299",
    isQuick: true,
    real: branches(35, 2, [96, 64, 96, 64]),
    small: branches(5, 2, [96, 64, 96, 64]),
    passes: { forward: [], gradient: ["x0", "x1", "x2", "x3"] },
  },
  {
    op: "concat",
    name: "42x6_of_168",
    of: "NASNetLarge 331",
    isQuick: false,
    real: branches(42, 1, [168, 168, 168, 168, 168, 168]),
    small: branches(5, 1, [40, 40, 40, 40, 40, 40]),
    passes: { forward: [], gradient: ["x0", "x1", "x2", "x3", "x4", "x5"] },
  },
  {
    op: "zeroPad2d",
    name: "112x96",
    of: "MobileNetV2 224",
    isQuick: false,
    real: framed([8, 112, 112, 96]),
    small: framed(smallShape([8, 112, 112, 96])),
    passes: GRADIENT_BY_X,
  },
  {
    op: "crop2d",
    name: "83x168",
    of: "NASNetLarge 331",
    isQuick: false,
    real: framed([1, 83, 83, 168]),
    small: framed(smallShape([1, 83, 83, 168])),
    passes: GRADIENT_BY_X,
  },
];
