// The activations that operators can fuse, and how they then differentiate them.

import type { Tensor } from "../graph/graph.ts";
import type { GradientContext, Operator } from "../graph/operator.ts";
import type { Activation } from "./activation.ts";
import { relu, reluGradient } from "./relu.ts";
import { relu6, relu6Gradient } from "./relu6.ts";

/** The operators that a fused activation stands for, by its name. */
export const FUSED_ACTIVATIONS: Readonly<
  Record<Exclude<Activation, "none">, { readonly forward: Operator; readonly gradient: Operator }>
> = {
  relu: { forward: relu, gradient: reluGradient },
  relu6: { forward: relu6, gradient: relu6Gradient },
};

/** The gradient of y by what goes into its activation; undefined where nothing depends on y. */
export function activationGradient(
  { graph, output, dOutput }: Pick<GradientContext<object>, "graph" | "output" | "dOutput">,
  activation: Activation,
): Tensor | undefined {
  const dy = dOutput("y");
  if (!dy || activation === "none") return dy;
  return graph.applyOne(FUSED_ACTIVATIONS[activation].gradient, { y: output("y"), dy });
}
