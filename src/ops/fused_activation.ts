// How operators with a fused activation differentiate it.

import type { Tensor } from "../graph/graph.ts";
import type { GradientContext } from "../graph/operator.ts";
import type { Activation } from "./activation.ts";
import { reluGradient } from "./relu.ts";
import { relu6Gradient } from "./relu6.ts";

/** The gradient of y by what goes into its activation; undefined where nothing depends on y. */
export function activationGradient(
  { graph, output, dOutput }: Pick<GradientContext<object>, "graph" | "output" | "dOutput">,
  activation: Activation,
): Tensor | undefined {
  const dy = dOutput("y");
  if (!dy || activation === "none") return dy;
  const operator = activation === "relu" ? reluGradient : relu6Gradient;
  return graph.applyOne(operator, { y: output("y"), dy });
}
