// Activations, sums, products: one pass over memory each, wherever fusion leaves them.

import type { Shape } from "../../src/base/tensors.ts";
import type { RawAttributes } from "../../src/graph/attributes.ts";
import { type NamedValues, the } from "../../src/ops/common/definition.ts";
import { type OperatorCase, type OperatorForm, smallShape, type TensorSpec } from "./bench_case.ts";

interface Elementwise {
  readonly op: string;
  readonly name: string;
  readonly of: string;
  readonly isQuick?: boolean;
  readonly shape: Shape;
  readonly attrs?: RawAttributes;
  /** Whether the gradient is more than dy itself; by default it is. */
  readonly hasGradient?: false;
  /** Inputs of one shape; only x by default. */
  readonly inputs?: (shape: Shape) => Readonly<Record<string, TensorSpec>>;
}

const pair = (a: string, b: string) => (shape: Shape) => ({ [a]: { shape }, [b]: { shape } });

/** b is [N, 1, 1, C]: a squeeze-and-excitation's factors. */
function excitation(shape: Shape): Readonly<Record<string, TensorSpec>> {
  const [n = 1, , , channels = 1] = shape;
  return { a: { shape }, b: { shape: [n, 1, 1, channels] } };
}

const ALL: readonly Elementwise[] = [
  { op: "relu", name: "19x728", of: "Xception 299", shape: [2, 19, 19, 728] },
  { op: "relu6", name: "56x144", of: "MobileNetV2 224", isQuick: true, shape: [8, 56, 56, 144] },
  { op: "swish", name: "56x144", of: "EfficientNetB0 224", isQuick: true, shape: [8, 56, 56, 144] },
  { op: "gelu", name: "56x144", of: "convolutional networks with GELU", shape: [8, 56, 56, 144] },
  { op: "sigmoid", name: "1x1152", of: "EfficientNetB0 224", shape: [8, 1, 1, 1152] },
  { op: "hardSigmoid", name: "1x1152", of: "squeeze-and-excitation", shape: [8, 1, 1, 1152] },
  {
    op: "add",
    name: "56x24",
    of: "MobileNetV2 224",
    isQuick: true,
    shape: [8, 56, 56, 24],
    hasGradient: false,
    inputs: pair("a", "b"),
  },
  {
    op: "add",
    name: "42x168",
    of: "NASNetLarge 331",
    shape: [1, 42, 42, 168],
    hasGradient: false,
    inputs: pair("a", "b"),
  },
  { op: "multiply", name: "56x144", of: "EfficientNetB0 224", shape: [8, 56, 56, 144], inputs: excitation },
  {
    op: "scaledAdd",
    name: "35x320",
    of: "InceptionResNetV2 299",
    shape: [2, 35, 35, 320],
    attrs: { scale: 0.17 },
    inputs: pair("x", "r"),
  },
  {
    op: "rescale",
    name: "224x3",
    of: "EfficientNetB0 224",
    shape: [8, 224, 224, 3],
    attrs: { scale: [1 / 255, 1 / 255, 1 / 255], offset: [-0.5, -0.4, -0.3] },
  },
];

const alone = ALL.map((one): OperatorCase => {
  const { op, name, of, isQuick = false, shape, attrs = {}, hasGradient = true } = one;
  const { inputs = () => undefined } = one;
  const at = (size: Shape) => ({ attrs, inputs: inputs(size) ?? { x: { shape: size } } });
  const real = at(shape);
  return {
    op,
    name,
    of,
    isQuick,
    real,
    small: at(smallShape(shape)),
    passes: { forward: [], ...(hasGradient && { gradient: Object.keys(real.inputs) }) },
  };
});

/** x0 + x1 + x2, element by element. */
function summed(inputs: NamedValues): Float64Array {
  const [x1, x2] = [the(inputs, "x1").data, the(inputs, "x2").data];
  return the(inputs, "x0").data.map((value, i) => value + x1[i]! + x2[i]!);
}

const RESIDUAL_SCALE = 0.17;
const terms = (shape: Shape) => ({ x0: { shape }, x1: { shape }, x2: { shape } });
const sumForm = (shape: Shape): OperatorForm => ({ attrs: {}, inputs: terms(shape) });
const splitForm = (shape: Shape): OperatorForm => ({
  attrs: { scale: RESIDUAL_SCALE, activation: "relu" },
  inputs: { y: { shape }, ...terms(shape) },
});

/** What differentiation adds for tensors that several nodes read, and for residual sums. */
const ofGradients: readonly OperatorCase[] = [
  {
    op: "sum",
    name: "42x168",
    of: "NASNetLarge 331, training",
    isQuick: false,
    real: sumForm([1, 42, 42, 168]),
    small: sumForm([1, 5, 7, 72]),
    passes: { forward: [] },
    reference: { forward: (inputs) => ({ y: { shape: the(inputs, "x0").shape, data: summed(inputs) } }) },
  },
  {
    op: "residualSplit",
    name: "35x320",
    of: "InceptionResNetV2 299, training",
    isQuick: false,
    real: splitForm([2, 35, 35, 320]),
    small: splitForm([2, 5, 7, 64]),
    passes: { forward: [] },
    reference: {
      forward(inputs) {
        const { shape, data: y } = the(inputs, "y");
        const daddend = summed(inputs).map((value, i) => (y[i]! > 0 ? value : 0));
        const dbranch = daddend.map((value) => RESIDUAL_SCALE * value);
        return { daddend: { shape, data: daddend }, dbranch: { shape, data: dbranch } };
      },
    },
  },
];

export const elementwiseCases: readonly OperatorCase[] = [...alone, ...ofGradients];
