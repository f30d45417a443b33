// The activations in float64, and those that convolution and batch norm can fuse.

import { type Attributes, type Definition, the } from "../common/definition.ts";
import type { Activation } from "./fused_activation.ts";

/** y = f(x) of one element. */
export interface ActivationRule {
  /** y of x. */
  readonly value: (x: number) => number;
  /** dy/dx at x; at a kink, TensorFlow's value. */
  readonly slope: (x: number) => number;
}

/** In a form that overflows for neither sign. */
function sigmoidOf(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** The error function: its Maclaurin series, and beyond 3 the continued fraction of its complement. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a > 3) {
    let fraction = a;
    for (let n = 60; n > 0; n--) fraction = a + n / 2 / fraction;
    return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * fraction));
  }
  let term = x;
  let total = x;
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

/** The share of x that gelu lets through, and its slope. */
const normal = {
  share: (x: number) => (1 + erf(x / Math.SQRT2)) / 2,
  density: (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI),
};
const BEND = Math.sqrt(2 / Math.PI);
const bent = {
  share: (x: number) => (1 + Math.tanh(BEND * (x + 0.044715 * x ** 3))) / 2,
  density: (x: number) => {
    const t = Math.tanh(BEND * (x + 0.044715 * x ** 3));
    return ((1 - t * t) * BEND * (1 + 3 * 0.044715 * x * x)) / 2;
  },
};

/** gelu, exact or by tanh. */
function geluRule({ share, density }: typeof normal): ActivationRule {
  return { value: (x) => x * share(x), slope: (x) => share(x) + x * density(x) };
}

/** The activations by name. */
export const ACTIVATION_RULES = {
  relu: { value: (x) => Math.max(x, 0), slope: (x) => (x > 0 ? 1 : 0) },
  relu6: { value: (x) => Math.min(Math.max(x, 0), 6), slope: (x) => (x > 0 && x < 6 ? 1 : 0) },
  sigmoid: { value: sigmoidOf, slope: (x) => sigmoidOf(x) * sigmoidOf(-x) },
  swish: {
    value: (x) => x * sigmoidOf(x),
    slope: (x) => sigmoidOf(x) + x * sigmoidOf(x) * sigmoidOf(-x),
  },
  hardSigmoid: {
    value: (x) => Math.min(Math.max(x + 3, 0), 6) / 6,
    slope: (x) => (x > -3 && x < 3 ? 1 / 6 : 0),
  },
} as const satisfies Readonly<Record<string, ActivationRule>>;

/** An element-wise operator y = f(x), its gradient by the chain rule. */
export function activationDefinition(rule: ActivationRule): Definition {
  return {
    forward(inputs) {
      const x = the(inputs, "x");
      return { y: { shape: x.shape, data: x.data.map(rule.value) } };
    },
    gradient(inputs, _attrs, dOutputs) {
      const x = the(inputs, "x");
      const dy = the(dOutputs, "dy");
      return { dx: { shape: x.shape, data: dy.data.map((d, i) => rule.slope(x.data[i] ?? 0) * d) } };
    },
  };
}

const exactGelu = activationDefinition(geluRule(normal));
const approximateGelu = activationDefinition(geluRule(bent));
const geluOf = ({ approximate }: Attributes) => (approximate === true ? approximateGelu : exactGelu);

/** gelu, exact or with `approximate` by tanh. */
export const geluDefinition: Definition = {
  forward: (inputs, attrs) => geluOf(attrs).forward(inputs, attrs),
  gradient: (inputs, attrs, dOutputs) => geluOf(attrs).gradient?.(inputs, attrs, dOutputs) ?? {},
};

/** A value behind a fused activation. */
export function activated(value: number, activation: Activation): number {
  return activation === "none" ? value : ACTIVATION_RULES[activation].value(value);
}

/** Whether a fused activation passes the gradient, by the value before it. */
export function isPassed(value: number, activation: Activation): boolean {
  return activation === "none" || ACTIVATION_RULES[activation].slope(value) > 0;
}

/** Within this distance of a kink, rounding may decide on which side a value is. */
const KINK_WIDTH = 1e-5;

/** Whether a value before a fused activation is so near a kink that rounding may decide on which side it is. */
export function nearKink(value: number, activation: Activation): boolean {
  if (activation === "none") return false;
  return Math.abs(value) < KINK_WIDTH || Math.abs(value - 6) < KINK_WIDTH;
}
