// The activations: relu, relu6, sigmoid, swish (SiLU), gelu and Keras 3's hardSigmoid, each with its gradient.

import { clamped, defineUnary, defineUnaryFamily, gaussian, NO_CAP, sigmoidal } from "./unary.ts";

/** y = max(x, 0). Gradient: dx = dy if y > 0, else 0. */
export const { operator: relu, gradient: reluGradient } = defineUnary("relu", clamped(1, 0, NO_CAP));

/** y = min(max(x, 0), 6). Gradient: dx = dy if 0 < y < 6, else 0. */
export const { operator: relu6, gradient: relu6Gradient } = defineUnary("relu6", clamped(1, 0, 6));

/** y = s = 1 / (1 + exp(-x)). Gradient: dx = dy s (1 - s), with s recomputed from x. */
export const { operator: sigmoid, gradient: sigmoidGradient } = defineUnary("sigmoid", sigmoidal(false));

/** y = x s with s = sigmoid(x). Gradient: dx = dy (s + x s (1 - s)). */
export const { operator: swish, gradient: swishGradient } = defineUnary("swish", sigmoidal(true));

/** y = relu6(x + 3) / 6. Gradient: dx = dy / 6 if 0 < y < 1, else 0. */
export const { operator: hardSigmoid, gradient: hardSigmoidGradient } = defineUnary(
  "hardSigmoid",
  clamped(1 / 6, 0.5, 1),
);

/** y = x P(X <= x) for a standard normal X; with `approximate` by tanh. Gradient: dx = dy (P(X <= x) + x density(x)). */
export const { operator: gelu, gradient: geluGradient } = defineUnaryFamily("gelu", "x", {
  attributes: (read) => ({ approximate: read.boolean("approximate", false) }),
  rule: ({ approximate }) => gaussian(approximate),
});
