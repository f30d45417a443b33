// The activations that convolution and batch norm can fuse: their codes in shaders/common/activation.wesl, and how
// operators differentiate a fused activation.

import type { AttributeReader } from "../../graph/attributes.ts";
import type { Tensor } from "../../graph/graph.ts";
import type { GradientContext, Operator } from "../../graph/operator.ts";
import { relu, relu6, relu6Gradient, reluGradient } from "./activations.ts";

export const ACTIVATION_CODES = { none: 0, relu: 1, relu6: 2 } as const;

/** The name of a fused activation; `none` leaves the value unchanged. */
export type Activation = keyof typeof ACTIVATION_CODES;

/** Reads the attribute `activation`, `none` by default. */
export function readActivation(read: AttributeReader): Activation {
  return read.choice("activation", ["none", "relu", "relu6"], "none");
}

/** The operators that fused activations replace, by the activation's name. */
export const FUSED_ACTIVATIONS: Readonly<
  Record<Exclude<Activation, "none">, { readonly forward: Operator; readonly gradient: Operator }>
> = {
  relu: { forward: relu, gradient: reluGradient },
  relu6: { forward: relu6, gradient: relu6Gradient },
};

/** The gradient of y with respect to its activation's input; undefined if nothing depends on y. */
export function activationGradient(
  { graph, output, dOutput }: Pick<GradientContext<object>, "graph" | "output" | "dOutput">,
  activation: Activation,
): Tensor | undefined {
  const dy = dOutput("y");
  if (!dy || activation === "none") return dy;
  return graph.applyOne(FUSED_ACTIVATIONS[activation].gradient, { y: output("y"), dy });
}
